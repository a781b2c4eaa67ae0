#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "weft/core/error.hpp"
#include "weft/text/jinja/operators.hpp"

namespace weft::detail::jinja {

inline std::string_view symbol_of(Operator op) {
  switch (op) {
    case Operator::add: return "+";
    case Operator::sub: return "-";
    case Operator::mul: return "*";
    case Operator::div: return "/";
    case Operator::floordiv: return "//";
    case Operator::mod: return "%";
    case Operator::pow: return "**";
    case Operator::eq: return "==";
    case Operator::ne: return "!=";
    case Operator::lt: return "<";
    case Operator::le: return "<=";
    case Operator::gt: return ">";
    case Operator::ge: return ">=";
    case Operator::in: return "in";
    case Operator::not_in: return "not in";
  }
  return "";
}

/// The remainder has the sign of the divisor.
inline std::int64_t modulo(std::int64_t a, std::int64_t b) {
  if (b == 0) division_by_zero();
  if (b == -1) return 0;
  const std::int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

inline double modulo(double a, double b) {
  if (b == 0) division_by_zero();
  const double rest = std::fmod(a, b);
  if (rest == 0) return std::copysign(0.0, b);
  return (rest < 0) != (b < 0) ? rest + b : rest;
}

inline double floor_divide(double a, double b) {
  const double rest = modulo(a, b);  // throws for b == 0
  const double quotient = (a - rest) / b;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floored = std::floor(quotient);
  return quotient - floored > 0.5 ? floored + 1 : floored;
}

inline Value power(const Value& a, const Value& b, bool data) {
  if (a.is_integral() && b.is_integral() && b.as_integer() >= 0) {
    std::int64_t base = a.as_integer(), result = 1;
    for (std::int64_t exponent = b.as_integer(); exponent > 0;) {
      if (exponent & 1) result = multiply(result, base);
      exponent >>= 1;
      if (base == 0 || base == 1) break;
      if (base == -1) return make_integer(b.as_integer() % 2 == 0 ? 1 : -1, data);
      if (exponent > 0) base = multiply(base, base);
    }
    if (base == 0 && b.as_integer() > 0) result = 0;
    return make_integer(result, data);
  }
  const double x = a.as_real(), y = b.as_real();
  if (x == 0 && y < 0) fail(ErrorKind::format, "0 cannot be raised to a negative power");
  if (x < 0 && std::isfinite(y) && y != std::floor(y)) fail(ErrorKind::format, "a negative number to a fractional power is complex, which this engine has not");
  const double result = std::pow(x, y);
  if (std::isinf(result) && std::isfinite(x) && std::isfinite(y)) fail(ErrorKind::format, "the result of '**' is too large for a float");
  return make_real(result, data);
}

inline Value number_arithmetic(Operator op, const Value& a, const Value& b) {
  const bool data = a.data || b.data;
  if (op == Operator::pow) return power(a, b, data);
  if (op == Operator::div) {
    if (b.as_real() == 0) division_by_zero();
    return make_real(a.as_real() / b.as_real(), data);
  }
  if (a.is_integral() && b.is_integral()) {
    const std::int64_t x = a.as_integer(), y = b.as_integer();
    std::int64_t result = 0;
    switch (op) {
      case Operator::add:
        if (__builtin_add_overflow(x, y, &result)) too_large();
        return make_integer(result, data);
      case Operator::sub:
        if (__builtin_sub_overflow(x, y, &result)) too_large();
        return make_integer(result, data);
      case Operator::mul: return make_integer(multiply(x, y), data);
      case Operator::floordiv: return make_integer(floor_divide(x, y), data);
      default: return make_integer(modulo(x, y), data);
    }
  }
  const double x = a.as_real(), y = b.as_real();
  switch (op) {
    case Operator::add: return make_real(x + y, data);
    case Operator::sub: return make_real(x - y, data);
    case Operator::mul: return make_real(x * y, data);
    case Operator::floordiv: return make_real(floor_divide(x, y), data);
    default: return make_real(modulo(x, y), data);
  }
}

/// A text, list or tuple, `count` times.
inline Value repeat(Budget& budget, const Value& value, std::int64_t times) {
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(times, 0));
  if (value.kind == Kind::string) {
    const Str& text = flat(budget, *value.string);
    TextBuilder out(budget);
    if (text.size > 0) {
      if (count > std::numeric_limits<std::size_t>::max() / text.size) budget.check_text(std::numeric_limits<std::size_t>::max());
      budget.check_text(count * text.size);
      budget.charge(count);
      for (std::size_t i = 0; i < count; ++i) out.append(text);
    }
    return out.finish(text.markup);
  }
  const Seq& seq = *value.seq;
  if (seq.size > 0) budget.charge(count > std::numeric_limits<std::size_t>::max() / seq.size ? count : count * seq.size);
  Value* items = budget.arena.array<Value>(seq.size == 0 ? 0 : count * seq.size);
  if (seq.size > 0)
    for (std::size_t i = 0; i < count; ++i) std::copy_n(seq.items, seq.size, items + i * seq.size);
  Value result;
  result.kind = value.kind;
  result.seq = budget.arena.make<Seq>(Seq{items, seq.size == 0 ? 0 : count * seq.size, false});
  return result;
}

inline Value add_sequences(Budget& budget, const Value& a, const Value& b) {
  const std::size_t size = a.seq->size + b.seq->size;
  budget.charge(size);
  Value* items = budget.arena.array<Value>(size);
  std::copy_n(a.seq->items, a.seq->size, items);
  std::copy_n(b.seq->items, b.seq->size, items + a.seq->size);
  Value result;
  result.kind = a.kind;
  result.seq = budget.arena.make<Seq>(Seq{items, size, false});
  return result;
}

inline Value add_texts(Budget& budget, const Value& a, const Value& b) {
  if (!a.string->markup && !b.string->markup) return concatenate(budget, *a.string, *b.string, false);
  return concatenate(budget, *escape(budget, a).string, *escape(budget, b).string, true);
}

WEFT_INLINE Value arithmetic(Budget& budget, Operator op, const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return number_arithmetic(op, a, b);
  if (op == Operator::mod && a.kind == Kind::string) return percent_format(budget, flat(budget, *a.string), b);
  require_defined(a);
  require_defined(b);
  const auto sequence = [](const Value& v) { return v.kind == Kind::string || v.kind == Kind::list || v.kind == Kind::tuple; };
  if (op == Operator::add && a.kind == b.kind && sequence(a)) return a.kind == Kind::string ? add_texts(budget, a, b) : add_sequences(budget, a, b);
  if (op == Operator::mul && sequence(a) && b.is_integral()) return repeat(budget, a, b.as_integer());
  if (op == Operator::mul && sequence(b) && a.is_integral()) return repeat(budget, b, a.as_integer());
  fail(ErrorKind::format, "a ", type_name(a), " and a ", type_name(b), " cannot be combined with '", symbol_of(op), "'");
}

WEFT_INLINE Value negate(const Value& value, bool positive) {
  require_defined(value);
  if (!value.is_number()) fail(ErrorKind::format, "a ", type_name(value), " has no sign '", positive ? "+" : "-", "'");
  if (value.kind == Kind::real) return make_real(positive ? value.real : -value.real, value.data);
  if (positive) return make_integer(value.as_integer(), value.data);
  if (value.as_integer() == std::numeric_limits<std::int64_t>::min()) too_large();
  return make_integer(-value.as_integer(), value.data);
}

WEFT_INLINE bool compare(Budget& budget, Operator op, const Value& a, const Value& b) {
  switch (op) {
    case Operator::eq: return equals(budget, a, b);
    case Operator::ne: return !equals(budget, a, b);
    case Operator::in: return contains(budget, b, a);
    case Operator::not_in: return !contains(budget, b, a);
    default: break;
  }
  const int result = order(budget, a, b, symbol_of(op));
  if (result == not_ordered) return false;
  switch (op) {
    case Operator::lt: return result < 0;
    case Operator::le: return result <= 0;
    case Operator::gt: return result > 0;
    default: return result >= 0;
  }
}

WEFT_INLINE std::size_t resolve_index(std::int64_t index, std::size_t size) {
  const auto signed_size = static_cast<std::int64_t>(size);
  if (index < 0) index += signed_size;
  return index < 0 || index >= signed_size ? size : static_cast<std::size_t>(index);
}

/// The items of a slice: first, step, count.
struct SliceBounds {
  std::int64_t first = 0, step = 1;
  std::size_t count = 0;
};

inline SliceBounds slice_bounds(std::size_t length, const Value& start, const Value& stop, const Value& step) {
  const auto integer = [](const Value& v) {
    if (!v.is_integral()) fail(ErrorKind::format, "the bounds of a slice are integers or none, not ", type_name(v));
    return v.as_integer();
  };
  const auto size = static_cast<std::int64_t>(length);
  SliceBounds bounds;
  if (step.kind != Kind::none) bounds.step = integer(step);
  if (bounds.step == 0) fail(ErrorKind::format, "the step of a slice cannot be 0");
  const bool forward = bounds.step > 0;
  const std::int64_t lowest = forward ? 0 : -1, highest = forward ? size : size - 1;
  const auto clip = [&](const Value& v, std::int64_t otherwise) {
    if (v.kind == Kind::none) return otherwise;
    std::int64_t at = integer(v);
    if (at < 0) at = at < -size ? lowest : at + size;
    return std::clamp(at, lowest, highest);
  };
  bounds.first = clip(start, forward ? 0 : size - 1);
  const std::int64_t end = clip(stop, forward ? size : -1);
  const std::int64_t distance = forward ? end - bounds.first : bounds.first - end;
  // The step may be the smallest integer: its absolute value only exists unsigned.
  const std::uint64_t stride = forward ? static_cast<std::uint64_t>(bounds.step) : 0 - static_cast<std::uint64_t>(bounds.step);
  if (distance > 0) bounds.count = static_cast<std::size_t>((static_cast<std::uint64_t>(distance) - 1) / stride + 1);
  return bounds;
}

inline Value slice_text(Budget& budget, Str& text, const Value& start, const Value& stop, const Value& step) {
  budget.charge(text.ascii == 1 ? 0 : text.size / 16);
  const CharacterIndex index(text);
  const SliceBounds b = slice_bounds(index.size(), start, stop, step);
  if (b.count == 0) return text_view(budget, {}, true);
  const auto at = [&](std::size_t i) { return static_cast<std::size_t>(b.first + b.step * static_cast<std::int64_t>(i)); };
  if (b.step == 1) return cut(budget, text, index[at(0)], index[at(0) + b.count]);
  TextBuilder out(budget);
  for (std::size_t i = 0; i < b.count; ++i) out.append(*cut(budget, text, index[at(i)], index[at(i) + 1]).string);
  return out.finish(text.markup);
}

WEFT_INLINE Value slice(Budget& budget, const Value& object, const Value& start, const Value& stop, const Value& step) {
  if (object.kind == Kind::string) return slice_text(budget, flat(budget, *object.string), start, stop, step);
  if (object.kind == Kind::range) {
    const Range& r = *object.range;
    const SliceBounds b = slice_bounds(r.size, start, stop, step);
    Value result;
    result.kind = Kind::range;
    const std::int64_t first = Range::counted(r.start, r.step, static_cast<std::uint64_t>(b.first)), stride = b.count > 1 ? multiply(r.step, b.step) : r.step;
    result.range = budget.arena.make<Range>(Range{first, stride, b.count, Range::counted(first, stride, b.count)});
    return result;
  }
  if (object.kind != Kind::list && object.kind != Kind::tuple) fail(ErrorKind::format, "a ", type_name(object), " cannot be sliced");
  const Seq& seq = *object.seq;
  const SliceBounds b = slice_bounds(seq.size, start, stop, step);
  Value result;
  result.kind = object.kind;
  if (b.step == 1) {  // shares the items
    result.seq = budget.arena.make<Seq>(Seq{seq.items + (b.count == 0 ? 0 : b.first), b.count, false});
    return result;
  }
  budget.charge(b.count);
  Value* items = budget.arena.array<Value>(b.count);
  for (std::size_t i = 0; i < b.count; ++i) items[i] = seq.items[b.first + b.step * static_cast<std::int64_t>(i)];
  result.seq = budget.arena.make<Seq>(Seq{items, b.count, false});
  return result;
}

WEFT_INLINE Value escape(Budget& budget, const Value& value) {
  Str& text = flat(budget, *to_text(budget, value).string);
  if (text.markup) return make_string(&text);
  TextBuilder out(budget);
  each_run(text, [&](std::string_view part, bool written) {
    std::size_t done = 0;
    for (std::size_t i = 0; i < part.size(); ++i) {
      const char c = part[i];
      const std::string_view entity = c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '\'' ? "&#39;" : c == '"' ? "&#34;" : "";
      if (entity.empty()) continue;
      out.append(part.substr(done, i - done), written);
      out.append(entity, written);
      done = i + 1;
    }
    out.append(part.substr(done), written);
  });
  return out.finish(true);
}

}  // namespace weft::detail::jinja
