// The tests that follow 'is'.
#pragma once

#include <algorithm>
#include <array>

#include "weft/text/jinja/interpreter.hpp"
#include "weft/text/jinja/natives.hpp"
#include "weft/text/jinja/operators.hpp"
#include "weft/text/jinja/values.hpp"

namespace weft::detail::jinja {

template <Kind... kinds>
Value test_kind(Interpreter&, const Value& self, const Call& call) {
  const Arguments none(call, "this test", {});
  return make_bool(((self.kind == kinds) || ...));
}
template <bool expected>
Value test_is_bool(Interpreter&, const Value& self, const Call& call) {
  const Arguments none(call, "this test", {});
  return make_bool(self.kind == Kind::boolean && self.boolean == expected);
}
template <Operator op>
Value test_operator(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "this test", {"/other"}, 1);
  return make_bool(compare(budget, op, self, args[0]));
}

/// value % divisor == expected
inline Value test_modulo(Interpreter& budget, const Value& self, const Value& divisor, std::int64_t expected) {
  return make_bool(equals(budget, arithmetic(budget, Operator::mod, self, divisor), make_integer(expected)));
}
inline Value test_odd(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "the test 'odd'", {});
  return test_modulo(budget, self, make_integer(2), 1);
}
inline Value test_even(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "the test 'even'", {});
  return test_modulo(budget, self, make_integer(2), 0);
}
inline Value test_divisible(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "the test 'divisibleby'", {"num"}, 1);
  return test_modulo(budget, self, args[0], 0);
}

inline Value test_defined(Interpreter&, const Value& self, const Call& call) {
  const Arguments none(call, "the test 'defined'", {});
  return make_bool(self.kind != Kind::undefined);
}
inline Value test_number(Interpreter&, const Value& self, const Call& call) {
  const Arguments none(call, "the test 'number'", {});
  return make_bool(self.is_number());
}
inline Value test_iterable(Interpreter&, const Value& self, const Call& call) {
  const Arguments none(call, "the test 'iterable'", {});
  return make_bool(iterable(self));
}
inline Value test_callable(Interpreter&, const Value& self, const Call& call) {
  const Arguments none(call, "the test 'callable'", {});
  return make_bool(self.kind == Kind::function || self.kind == Kind::method || self.kind == Kind::macro || self.kind == Kind::joiner ||
                   self.kind == Kind::loop || self.kind == Kind::undefined);
}
inline Value test_escaped(Interpreter&, const Value& self, const Call& call) {
  const Arguments none(call, "the test 'escaped'", {});
  return make_bool(self.kind == Kind::string && self.string->markup);
}
inline Value test_same(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "the test 'sameas'", {"other"}, 1);
  const Value& other = args[0];
  if (self.kind != other.kind) return make_bool(false);
  // Python shares small integers and most short texts; equal ones are taken for the same.
  const bool by_value = self.is_number() || self.kind == Kind::string || self.kind == Kind::none;
  return make_bool(by_value ? equals(budget, self, other) : self.identity == other.identity);
}
inline Value test_in(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "the test 'in'", {"seq"}, 1);
  return make_bool(contains(budget, args[0], self));
}
inline Value test_filter(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "the test 'filter'", {});
  return make_bool(self.kind == Kind::string && find_filter(view_of(budget, self)) != nullptr);
}
inline Value test_test(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "the test 'test'", {});
  return make_bool(self.kind == Kind::string && find_test(view_of(budget, self)) != nullptr);
}

/// str.islower() and str.isupper() of the printed value.
template <bool lower>
Value test_case(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "this test", {});
  const Value text = to_text(budget, self);
  return find_method(Kind::string, lower ? "islower" : "isupper")->call(budget, text, {});
}

WEFT_INLINE const Function* find_test(std::string_view name) {
  using enum Kind;
  static constexpr std::array<Function, 39> tests{{
      {"odd", test_odd}, {"even", test_even}, {"divisibleby", test_divisible}, {"defined", test_defined}, {"undefined", test_kind<undefined>},
      {"none", test_kind<none>}, {"boolean", test_kind<boolean>}, {"false", test_is_bool<false>}, {"true", test_is_bool<true>},
      {"integer", test_kind<integer>}, {"float", test_kind<real>}, {"number", test_number}, {"string", test_kind<string>},
      {"mapping", test_kind<dict>}, {"sequence", test_kind<string, list, tuple, dict, range, undefined>}, {"iterable", test_iterable},
      {"callable", test_callable}, {"sameas", test_same}, {"escaped", test_escaped}, {"in", test_in}, {"filter", test_filter}, {"test", test_test},
      {"lower", test_case<true>}, {"upper", test_case<false>},
      {"==", test_operator<Operator::eq>}, {"eq", test_operator<Operator::eq>}, {"equalto", test_operator<Operator::eq>},
      {"!=", test_operator<Operator::ne>}, {"ne", test_operator<Operator::ne>},
      {">", test_operator<Operator::gt>}, {"gt", test_operator<Operator::gt>}, {"greaterthan", test_operator<Operator::gt>},
      {">=", test_operator<Operator::ge>}, {"ge", test_operator<Operator::ge>},
      {"<", test_operator<Operator::lt>}, {"lt", test_operator<Operator::lt>}, {"lessthan", test_operator<Operator::lt>},
      {"<=", test_operator<Operator::le>}, {"le", test_operator<Operator::le>}}};
  const auto found = std::find_if(tests.begin(), tests.end(), [&](const Function& f) { return f.name == name; });
  return found == tests.end() ? nullptr : &*found;
}

}  // namespace weft::detail::jinja
