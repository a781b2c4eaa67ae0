// Filters on numbers, lists and mappings.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "weft/text/jinja/convert.hpp"
#include "weft/text/jinja/interpreter.hpp"
#include "weft/text/jinja/natives.hpp"
#include "weft/text/jinja/operators.hpp"
#include "weft/text/jinja/values.hpp"

namespace weft::detail::jinja {

/// "a.b.0" of a filter's attribute=...: what is looked up one after the other.
class Path {
 public:
  Path(Interpreter& budget, const Value& attribute) : budget_(budget) {
    if (attribute.kind == Kind::none) return;
    if (attribute.kind != Kind::string) {
      parts_.push_back(attribute);
      return;
    }
    add(flat(budget, *attribute.string));
  }
  Path(Interpreter& budget, const Str& dotted) : budget_(budget) { add(dotted); }

  /// otherwise: stands for what is undefined, if it is not None.
  Value of(Value item, const Value& otherwise = {}) const {
    for (const Value& part : parts_) {
      item = budget_.item(item, part);
      if (item.kind == Kind::undefined && otherwise.kind != Kind::none) item = otherwise;
    }
    return item;
  }

 private:
  void add(const Str& dotted) {
    const std::string_view text = dotted.view();
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find('.', begin), text.size());
      const std::string_view part = text.substr(begin, end - begin);
      const bool number = !part.empty() && part.size() < 19 && std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
      parts_.push_back(number ? make_integer(std::stoll(std::string(part))) : cut(budget_, dotted, begin, end));
      begin = end + 1;
    }
  }

  Interpreter& budget_;
  std::vector<Value> parts_;
};

inline Value lower_if_text(Interpreter& budget, const Value& value) { return value.kind == Kind::string ? lowered(budget, value) : value; }

inline std::vector<Value> all_of(Interpreter& budget, const Value& value) { return items_of(budget, value).all(budget); }

inline Value filter_abs(Interpreter&, const Value& self, const Call& call) {
  const Arguments none(call, "the filter 'abs'", {});
  require_defined(self);
  if (!self.is_number()) fail(ErrorKind::format, "the filter 'abs' takes a number, not a ", type_name(self));
  if (self.kind == Kind::real) return make_real(std::fabs(self.real), self.data);
  return self.as_integer() < 0 ? negate(self, false) : make_integer(self.as_integer(), self.data);
}

inline Value filter_attr(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "the filter 'attr'", {"name"}, 1);
  if (args[0].kind != Kind::string) fail(ErrorKind::format, "the filter 'attr' takes a name");
  const std::string_view name = view_of(budget, args[0]);
  if (self.kind != Kind::dict || find_method(Kind::dict, name) != nullptr || is_refused_method(Kind::dict, name) || name.starts_with("__"))
    return budget.attribute(self, name);
  return make_undefined(budget, {Undefined::Why::attribute, name, "dict"});
}

inline Value filter_length(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "the filter 'length'", {});
  return make_integer(static_cast<std::int64_t>(length(budget, self)));
}

inline Value filter_default(Interpreter&, const Value& self, const Call& call) {
  const Arguments args(call, "the filter 'default'", {"default_value", "boolean"});
  const bool missing = self.kind == Kind::undefined || (truth(args[1]) && !truth(self));
  if (!missing) return self;
  if (args.has(0)) return args[0];
  static Str empty{.written = true, .ascii = 1};
  return make_string(&empty);
}

inline Value filter_first(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "the filter 'first'", {});
  if (self.kind == Kind::iterator && self.iterator->next < self.iterator->size) return self.iterator->items[self.iterator->next++];
  const Items items = items_of(budget, self);
  return items.size() > 0 ? items.at(budget, 0) : make_undefined(budget, {Undefined::Why::message, "there is no first item: the sequence is empty"});
}

inline Value filter_last(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "the filter 'last'", {});
  if (!has_length(self)) fail(ErrorKind::format, "the filter 'last' takes a sequence, not a ", type_name(self), "; use 'list' before it");
  const Items items = items_of(budget, self);
  return items.size() > 0 ? items.at(budget, items.size() - 1) : make_undefined(budget, {Undefined::Why::message, "there is no last item: the sequence is empty"});
}

inline Value filter_list(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "the filter 'list'", {});
  return make_sequence(budget, Kind::list, all_of(budget, self));
}

inline Value filter_items(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "the filter 'items'", {});
  if (self.kind == Kind::undefined) return make_iterator(budget, {});
  if (self.kind != Kind::dict) fail(ErrorKind::format, "the filter 'items' takes a mapping, not a ", type_name(self));
  return make_iterator(budget, all_of(budget, find_method(Kind::dict, "items")->call(budget, self, {})));
}

inline Value filter_reverse(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments none(call, "the filter 'reverse'", {});
  if (self.kind == Kind::string) return slice(budget, self, {}, {}, make_integer(-1));
  std::vector<Value> items = all_of(budget, self);
  std::reverse(items.begin(), items.end());
  // What cannot be read backwards becomes a list first, as in jinja2.
  if (self.kind == Kind::iterator) return make_sequence(budget, Kind::list, items);
  return make_iterator(budget, items, self.kind == Kind::list ? "list_reverseiterator" : self.kind == Kind::dict ? "dict_reversekeyiterator" : "reversed");
}

/// sort, min, max: text is compared in lower case unless case_sensitive.
inline Value filter_sort(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "the filter 'sort'", {"reverse", "case_sensitive", "attribute"});
  std::vector<Path> paths;
  if (args[2].kind == Kind::string) {
    const Str& names = flat(budget, *args[2].string);
    for (std::size_t begin = 0; begin <= names.size;) {
      const std::size_t end = std::min(names.view().find(',', begin), names.size);
      paths.emplace_back(budget, flat(budget, *cut(budget, names, begin, end).string));
      begin = end + 1;
    }
  } else {
    paths.emplace_back(budget, args[2]);
  }
  const std::vector<Value> items = all_of(budget, self);
  std::vector<std::pair<Value, std::size_t>> keys;
  for (const Value& item : items) {
    std::vector<Value> key;
    for (const Path& path : paths) key.push_back(truth(args[1]) ? path.of(item) : lower_if_text(budget, path.of(item)));
    keys.emplace_back(make_sequence(budget, Kind::list, key), keys.size());
  }
  const bool backwards = truth(args[0]);
  std::stable_sort(keys.begin(), keys.end(), [&](const auto& a, const auto& b) {
    return order(budget, backwards ? b.first : a.first, backwards ? a.first : b.first, "<") == -1;
  });
  std::vector<Value> sorted;
  for (const auto& key : keys) sorted.push_back(items[key.second]);
  return make_sequence(budget, Kind::list, sorted);
}

template <int sign>
Value filter_extreme(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, sign < 0 ? "the filter 'min'" : "the filter 'max'", {"case_sensitive", "attribute"});
  const Path path(budget, args[1]);
  const Items items = items_of(budget, self);
  if (items.size() == 0) return make_undefined(budget, {Undefined::Why::message, "there is no smallest or largest item: the sequence is empty"});
  Value best = items.at(budget, 0), best_key = path.of(best);
  if (!truth(args[0])) best_key = lower_if_text(budget, best_key);
  for (std::size_t i = 1; i < items.size(); ++i) {
    const Value item = items.at(budget, i);
    Value key = path.of(item);
    if (!truth(args[0])) key = lower_if_text(budget, key);
    if (order(budget, key, best_key, sign < 0 ? "<" : ">") == sign) best = item, best_key = key;
  }
  return best;
}

inline Value filter_sum(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "the filter 'sum'", {"attribute", "start"});
  const Path path(budget, args[0]);
  Value total = args.has(1) ? args[1] : make_integer(0);
  if (total.kind == Kind::string) fail(ErrorKind::format, "the filter 'sum' adds no texts; use 'join'");
  for (const Value& item : all_of(budget, self)) total = arithmetic(budget, Operator::add, total, path.of(item));
  return total;
}

inline Value filter_unique(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "the filter 'unique'", {"case_sensitive", "attribute"});
  const Path path(budget, args[1]);
  const std::vector<Value> items = all_of(budget, self);
  std::vector<std::pair<Value, std::size_t>> keys;
  for (const Value& item : items) {
    const Value key = truth(args[0]) ? path.of(item) : lower_if_text(budget, path.of(item));
    if (!hashable(budget, key)) fail(ErrorKind::format, "a ", type_name(key), " cannot be told apart by 'unique' (unhashable type)");
    keys.emplace_back(key, keys.size());
  }
  std::stable_sort(keys.begin(), keys.end(), [&](const auto& a, const auto& b) { return order_keys(budget, a.first, b.first) < 0; });
  std::vector<bool> kept(items.size());
  for (std::size_t i = 0; i < keys.size(); ++i) kept[keys[i].second] = i == 0 || order_keys(budget, keys[i - 1].first, keys[i].first) != 0;
  std::vector<Value> out;
  for (std::size_t i = 0; i < items.size(); ++i)
    if (kept[i]) out.push_back(items[i]);
  return make_iterator(budget, out);
}

inline Value filter_groupby(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "the filter 'groupby'", {"attribute", "default", "case_sensitive"}, 1);
  const Path path(budget, args[0]);
  const bool sensitive = truth(args[2]);
  std::vector<std::pair<Value, Value>> keyed;
  for (const Value& item : all_of(budget, self)) {
    const Value key = path.of(item, args[1]);
    keyed.emplace_back(sensitive ? key : lower_if_text(budget, key), item);
  }
  std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) { return order(budget, a.first, b.first, "<") == -1; });
  std::vector<Value> groups;
  for (std::size_t i = 0; i < keyed.size();) {
    std::vector<Value> members;
    const std::size_t first = i;
    for (; i < keyed.size() && equals(budget, keyed[i].first, keyed[first].first); ++i) members.push_back(keyed[i].second);
    const Value both[] = {sensitive ? keyed[first].first : path.of(members[0], args[1]), make_sequence(budget, Kind::list, members)};
    Value group;
    group.kind = Kind::tuple;
    group.seq = budget.arena.make<Seq>(Seq{budget.arena.copy(both, 2), 2, true});
    groups.push_back(group);
  }
  return make_sequence(budget, Kind::list, groups);
}

inline Value filter_dictsort(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "the filter 'dictsort'", {"case_sensitive", "by", "reverse"});
  require_defined(self);
  if (self.kind != Kind::dict) fail(ErrorKind::format, "the filter 'dictsort' takes a mapping, not a ", type_name(self));
  const std::string_view by = args[1].kind == Kind::string ? view_of(budget, args[1]) : "key";
  if ((by != "key" && by != "value") || (args.has(1) && args[1].kind != Kind::string)) fail(ErrorKind::format, "the filter 'dictsort' sorts by 'key' or 'value'");
  std::vector<std::pair<Value, std::size_t>> keys;
  for (std::size_t i = 0; i < self.dict->size; ++i) {
    const Value& key = by == "key" ? self.dict->items[i].key : self.dict->items[i].value;
    keys.emplace_back(truth(args[0]) ? key : lower_if_text(budget, key), i);
  }
  const bool backwards = truth(args[2]);
  std::stable_sort(keys.begin(), keys.end(), [&](const auto& a, const auto& b) {
    return order(budget, backwards ? b.first : a.first, backwards ? a.first : b.first, "<") == -1;
  });
  std::vector<Value> pairs;
  for (const auto& key : keys) {
    const Value both[] = {self.dict->items[key.second].key, self.dict->items[key.second].value};
    pairs.push_back(make_sequence(budget, Kind::tuple, both));
  }
  return make_sequence(budget, Kind::list, pairs);
}

inline std::int64_t count_argument(const Value& value, std::string_view filter) {
  require_defined(value);
  if (!value.is_integral()) fail(ErrorKind::format, "the filter '", filter, "' takes an integer, not a ", type_name(value));
  return value.as_integer();
}

inline Value filter_batch(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "the filter 'batch'", {"linecount", "fill_with"}, 1);
  const std::int64_t count = count_argument(args[0], "batch");
  std::vector<Value> batches, batch;
  for (const Value& item : all_of(budget, self)) {
    if (std::ssize(batch) == count) {
      batches.push_back(make_sequence(budget, Kind::list, batch));
      batch.clear();
    }
    batch.push_back(item);
  }
  if (!batch.empty()) {
    if (args[1].kind != Kind::none && std::ssize(batch) < count) {
      budget.charge(static_cast<std::size_t>(count));
      budget.arena.charge(static_cast<std::size_t>(count) * sizeof(Value));
      batch.resize(static_cast<std::size_t>(count), args[1]);
    }
    batches.push_back(make_sequence(budget, Kind::list, batch));
  }
  return make_iterator(budget, batches);
}

inline Value filter_slice(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "the filter 'slice'", {"slices", "fill_with"}, 1);
  const std::int64_t slices = count_argument(args[0], "slice");
  const std::vector<Value> items = all_of(budget, self);
  if (slices == 0) fail(ErrorKind::format, "division by zero: the filter 'slice' makes at least one slice");
  const std::int64_t size = std::ssize(items), each = size / std::max<std::int64_t>(slices, 1), longer = size % std::max<std::int64_t>(slices, 1);
  std::vector<Value> out;
  auto at = items.begin();
  for (std::int64_t i = 0; i < slices; ++i) {
    budget.charge(1);
    const auto end = at + (each + (i < longer ? 1 : 0));
    std::vector<Value> part(at, end);
    if (args[1].kind != Kind::none && i >= longer) part.push_back(args[1]);
    out.push_back(make_sequence(budget, Kind::list, part));
    at = end;
  }
  return make_iterator(budget, out);
}

inline Value filter_map(Interpreter& budget, const Value& self, const Call& call) {
  if (!truth(self)) return make_iterator(budget, {});
  std::vector<Value> out;
  const auto named = [&](std::string_view name) {
    for (std::size_t i = 0; i < call.keyword_count; ++i)
      if (call.keywords[i].name == name) return call.keywords[i].value;
    return Value{};
  };
  const Items items = items_of(budget, self);
  if (call.size == 0 && named("attribute").kind != Kind::none) {
    const Arguments args(call, "the filter 'map'", {"attribute", "default"});
    const Path path(budget, args[0]);
    for (std::size_t i = 0; i < items.size(); ++i) out.push_back(path.of(items.at(budget, i), args[1]));
    return make_iterator(budget, out);
  }
  if (call.size == 0 || call.args[0].kind != Kind::string) fail(ErrorKind::format, "the filter 'map' takes the name of a filter, or attribute=...");
  const std::string_view name = view_of(budget, call.args[0]);
  const Function* function = find_filter(name);
  const Call rest{call.args + 1, call.size - 1, call.keywords, call.keyword_count};
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (function == nullptr) fail(ErrorKind::format, "there is no filter named ", quote(name, 60));
    out.push_back(function->call(budget, items.at(budget, i), rest));
  }
  return make_iterator(budget, out);
}

/// select, reject, selectattr, rejectattr.
template <bool keep, bool by_attribute>
Value filter_select(Interpreter& budget, const Value& self, const Call& call) {
  if (!truth(self)) return make_iterator(budget, {});
  if (by_attribute && call.size == 0) fail(ErrorKind::format, "the filter lacks the name of the attribute");
  const Path path(budget, by_attribute ? call.args[0] : Value{});
  const std::size_t first = by_attribute ? 1 : 0;
  const Function* function = nullptr;
  Call rest;
  std::vector<Value> out;
  const Items items = items_of(budget, self);
  if (call.size > first) {
    const Value& name = call.args[first];
    if (name.kind == Kind::string) function = find_test(view_of(budget, name));
    if (function == nullptr && items.size() > 0) fail(ErrorKind::format, "there is no test named ", name.kind == Kind::string ? quote(view_of(budget, name), 60) : std::string(type_name(name)));
    rest = {call.args + first + 1, call.size - first - 1, call.keywords, call.keyword_count};
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Value item = items.at(budget, i);
    const Value value = path.of(item);
    if (truth(function != nullptr ? function->call(budget, value, rest) : value) == keep) out.push_back(item);
  }
  return make_iterator(budget, out);
}

inline Value filter_int(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "the filter 'int'", {"default", "base"});
  require_defined(self);
  if (self.is_integral()) return make_integer(self.as_integer(), self.data);
  const Value otherwise = args.has(0) ? args[0] : make_integer(0);
  std::optional<double> real;
  bool data = self.data;
  if (self.kind == Kind::string) {
    const Str& text = flat(budget, *self.string);
    data = text.runs != nullptr || !text.written;
    const std::int64_t base = args.has(1) ? count_argument(args[1], "int") : 10;
    if (const auto value = parse_integer(text.view(), static_cast<int>(std::clamp<std::int64_t>(base, -1, 99)))) return make_integer(*value, data);
    real = parse_real(text.view());
    if (real && std::isinf(*real)) return otherwise;
  } else if (self.kind == Kind::real) {
    real = self.real;
  }
  if (!real || std::isnan(*real)) return otherwise;
  if (!(std::fabs(*real) < 0x1p63)) fail(ErrorKind::format, "the filter 'int' got ", real_text(*real), ", which is outside the 64 bits of this engine");
  return make_integer(static_cast<std::int64_t>(*real), data);
}

inline Value filter_float(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "the filter 'float'", {"default"});
  require_defined(self);
  if (self.is_number()) return make_real(self.as_real(), self.data);
  if (self.kind == Kind::string) {
    const Str& text = flat(budget, *self.string);
    if (const auto value = parse_real(text.view())) return make_real(*value, text.runs != nullptr || !text.written);
  }
  return args.has(0) ? args[0] : make_real(0);
}

inline Value filter_round(Interpreter& budget, const Value& self, const Call& call) {
  const Arguments args(call, "the filter 'round'", {"precision", "method"});
  require_defined(self);
  const std::string_view method = args[1].kind == Kind::string ? view_of(budget, args[1]) : "common";
  if (method != "common" && method != "ceil" && method != "floor") fail(ErrorKind::format, "the filter 'round' knows the methods common, ceil and floor");
  if (!self.is_number()) fail(ErrorKind::format, "the filter 'round' takes a number, not a ", type_name(self));
  const std::int64_t precision = args.has(0) ? count_argument(args[0], "round") : 0;
  if (method == "common") return rounded(budget, self, precision);
  const double scale = std::pow(10.0, static_cast<double>(precision));
  const double scaled = self.as_real() * scale;
  return make_real((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale, self.data);
}

}  // namespace weft::detail::jinja
