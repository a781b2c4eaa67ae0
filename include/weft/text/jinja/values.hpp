// What Python's values do: truth, comparison, iteration, printing.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/text/jinja/budget.hpp"
#include "weft/text/jinja/syntax.hpp"
#include "weft/text/jinja/text.hpp"
#include "weft/text/jinja/value.hpp"

namespace weft::detail::jinja {

/// Python's name of the type: "str", "dict".
std::string_view type_name(const Value& value);
bool truth(const Value& value);

/// A value that is missing, and why.
Value make_undefined(Budget& budget, const Undefined& why);
/// Throws the error of using it.
[[noreturn]] void fail_undefined(const Value& value);
/// Throws if the value is undefined.
inline void require_defined(const Value& value) {
  if (value.kind == Kind::undefined) fail_undefined(value);
}

bool equals(Budget& budget, const Value& a, const Value& b);
/// Negative, 0 or positive; for NaN not_ordered. Throws Error(format) for types without an order, naming `symbol`.
inline constexpr int not_ordered = 2;
int order(Budget& budget, const Value& a, const Value& b, std::string_view symbol);
/// A total order of hashable values in which equal ones, and only these, are equal.
int order_keys(Budget& budget, const Value& a, const Value& b);
/// item in container.
bool contains(Budget& budget, const Value& container, const Value& item);

/// What a loop walks over. Reading it takes everything out of an iterator.
class Items {
 public:
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] Value at(Budget& budget, std::size_t i) const;
  [[nodiscard]] std::vector<Value> all(Budget& budget) const;

 private:
  friend Items items_of(Budget& budget, const Value& value);
  Value source_{};
  std::size_t size_ = 0;
  const Value* values_ = nullptr;
  const std::size_t* starts_ = nullptr;  ///< of characters
};
/// Throws Error(format) for what cannot be iterated.
Items items_of(Budget& budget, const Value& value);
bool iterable(const Value& value);
/// len(value), if it has one. texts must be flat.
bool has_length(const Value& value);
std::size_t length(Budget& budget, const Value& value);

struct Scope;

struct Loop {
  const Items* items = nullptr;
  std::size_t index = 0;
  std::int64_t depth = 0;
  const Node* node = nullptr;  ///< of a recursive loop
  Scope* scope = nullptr;      ///< around it
  Value changed{};             ///< the arguments of the last changed()
  bool has_changed = false;
};

struct Macro {
  const Node* node = nullptr;
  Scope* scope = nullptr;  ///< where it was made
};

Value make_sequence(Budget& budget, Kind kind, std::span<const Value> items);
Value make_iterator(Budget& budget, std::span<const Value> items, std::string_view type = "generator");
/// Of equal keys the first keeps its place and the last gives the value. Throws for keys that Python cannot hash.
Value make_dict(Budget& budget, std::vector<Pair> pairs);
bool hashable(Budget& budget, const Value& value, std::size_t depth = 0);
/// Null if the key is not there.
const Value* find(Budget& budget, const Dict& dict, const Value& key);
const Value* find(Budget& budget, const Dict& dict, std::string_view key);

/// str(value) and repr(value).
void print(Budget& budget, TextBuilder& out, const Value& value);
void print_repr(Budget& budget, TextBuilder& out, const Value& value);
Value to_text(Budget& budget, const Value& value);
/// repr(float): the shortest text that gives the number back.
std::string real_text(double value);

}  // namespace weft::detail::jinja
