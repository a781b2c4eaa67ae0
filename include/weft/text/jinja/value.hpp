// Values of a template: Python's, as far as templates see them. All are immutable but namespaces, loops, cyclers and iterators.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weft::detail::jinja {

enum class Kind : std::uint8_t {
  undefined, none, boolean, integer, real, string, list, tuple, dict, range, iterator, dict_view, space, loop, macro, function, method,
  cycler, joiner
};

/// A part of a text, up to the byte `end`, and whether the template wrote it (else it came with the data).
struct Run {
  std::size_t end;
  bool written;
};

/// A text with the origin of every byte. Either flat (`left` is null), or a concatenation that nobody had to look into yet: then
/// data is null until Texts::flat() joins the two.
struct Str {
  const char* data = nullptr;
  std::size_t size = 0;
  const Run* runs = nullptr;  ///< null: all of one origin, `written`
  std::size_t run_count = 0;
  const Str* left = nullptr;
  const Str* right = nullptr;
  bool written = false;
  bool markup = false;  ///< Markup of markupsafe: adding to it escapes
  std::int8_t ascii = -1;  ///< -1: not known yet

  [[nodiscard]] std::string_view view() const { return {data, size}; }
};

struct Undefined;
struct Seq;
struct Dict;
struct Range;
struct Iterator;
struct DictView;
struct Space;
struct Loop;
struct Macro;
struct Function;
struct Method;
struct Cycler;
struct Joiner;

struct Value {
  Kind kind = Kind::none;
  bool data = false;  ///< a number or truth value that came with the data; texts know their origin byte by byte
  union {
    std::int64_t integer = 0;
    bool boolean;
    double real;
    Str* string;
    const Undefined* undefined;
    const Seq* seq;  ///< of list and tuple
    const Dict* dict;
    const Range* range;
    Iterator* iterator;
    const DictView* view;
    Space* space;
    Loop* loop;
    const Macro* macro;
    const Function* function;
    const Method* method;
    Cycler* cycler;
    Joiner* joiner;
    const void* identity;
  };

  [[nodiscard]] bool is(Kind k) const { return kind == k; }
  [[nodiscard]] bool is_number() const { return kind == Kind::boolean || kind == Kind::integer || kind == Kind::real; }
  /// bool counts as an integer, as in Python.
  [[nodiscard]] bool is_integral() const { return kind == Kind::boolean || kind == Kind::integer; }
  [[nodiscard]] std::int64_t as_integer() const { return kind == Kind::boolean ? std::int64_t{boolean} : integer; }
  [[nodiscard]] double as_real() const { return kind == Kind::real ? real : static_cast<double>(as_integer()); }
};

inline Value make_bool(bool value, bool data = false) {
  Value v;
  v.kind = Kind::boolean, v.data = data, v.integer = 0, v.boolean = value;
  return v;
}
inline Value make_integer(std::int64_t value, bool data = false) {
  Value v;
  v.kind = Kind::integer, v.data = data, v.integer = value;
  return v;
}
inline Value make_real(double value, bool data = false) {
  Value v;
  v.kind = Kind::real, v.data = data, v.real = value;
  return v;
}
inline Value make_string(Str* value) {
  Value v;
  v.kind = Kind::string, v.string = value;
  return v;
}

/// Why something is undefined; the message is only made when it is used where that is an error.
struct Undefined {
  enum class Why : std::uint8_t { name, attribute, item, message, unsafe };
  Why why = Why::name;
  std::string_view name{};        ///< of the variable or attribute; the whole message
  std::string_view owner{};       ///< type of the object without that attribute
};

struct Seq {
  const Value* items = nullptr;
  std::size_t size = 0;
  bool group = false;  ///< a tuple of groupby, which has .grouper and .list
};

struct Pair {
  Value key, value;
};

/// Pairs in the order of insertion. order: above a few pairs, their indices sorted by key.
struct Dict {
  const Pair* items = nullptr;
  std::size_t size = 0;
  const std::uint32_t* order = nullptr;
};

struct Range {
  std::int64_t start = 0, step = 1;
  std::size_t size = 0;
  std::int64_t stop = 0;  ///< as given, for printing

  [[nodiscard]] Value at(std::size_t i) const { return make_integer(counted(start, step, i)); }
  /// from + by n; around without signs, since a range may be longer than what an integer counts to.
  static std::int64_t counted(std::int64_t from, std::int64_t by, std::uint64_t n) noexcept {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(from) + static_cast<std::uint64_t>(by) * n);
  }
};

/// What Python makes lazily (map, select, reversed ...): always true, without a length, read once.
struct Iterator {
  const Value* items = nullptr;
  std::size_t size = 0, next = 0;
  std::string_view type{};
};

struct DictView {
  enum class Part : std::uint8_t { keys, values, items };
  Part part = Part::keys;
  const Dict* dict = nullptr;
};

struct Variable {
  std::string_view name;
  Value value;
};

/// The object that namespace() makes: its attributes can be set.
struct Space {
  Variable* items = nullptr;
  std::size_t size = 0, capacity = 0;
};

struct Cycler {
  const Value* items = nullptr;
  std::size_t size = 0, at = 0;
};

struct Joiner {
  Value separator{};
  bool used = false;
};

class Interpreter;

struct Keyword {
  std::string_view name;
  Value value;
};

/// Arguments of a call, a filter (without the value that is filtered) or a test.
struct Call {
  const Value* args = nullptr;
  std::size_t size = 0;
  const Keyword* keywords = nullptr;
  std::size_t keyword_count = 0;
};

/// A global function, filter, test or method of the library's. self: the filtered value or the method's object.
using Native = Value (*)(Interpreter& interpreter, const Value& self, const Call& call);

struct Function {
  std::string_view name;
  Native call = nullptr;
};

struct Method {
  Value self{};
  const Function* function = nullptr;
};

}  // namespace weft::detail::jinja
