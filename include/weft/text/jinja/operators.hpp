// Arithmetic, subscripts and concatenation, as Python does them on values.
#pragma once

#include <cstdint>
#include <limits>

#include "weft/core/config.hpp"
#include "weft/core/error.hpp"
#include "weft/text/jinja/values.hpp"

namespace weft::detail::jinja {

[[noreturn]] inline void too_large() {
  fail(ErrorKind::format, "the result is an integer outside 64 bits, which is all this engine has");
}
[[noreturn]] inline void division_by_zero() { fail(ErrorKind::format, "division by zero"); }

inline std::int64_t multiply(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result)) too_large();
  return result;
}

inline std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  if (b == 0) division_by_zero();
  if (b == -1) return a == std::numeric_limits<std::int64_t>::min() ? (too_large(), 0) : -a;
  const std::int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

/// a op b for + - * / // % **. Throws Error(format) for types that have no such operator, division by zero and integers beyond 64 bits.
Value arithmetic(Budget& budget, Operator op, const Value& a, const Value& b);
Value negate(const Value& value, bool positive);
bool compare(Budget& budget, Operator op, const Value& a, const Value& b);

/// An index, counted from the end if negative; size if it is outside.
std::size_t resolve_index(std::int64_t index, std::size_t size);
/// object[start:stop:step]; None stands for what is left out.
Value slice(Budget& budget, const Value& object, const Value& start, const Value& stop, const Value& step);

/// &, <, >, ' and " as HTML writes them; the result is Markup, which is not escaped again.
Value escape(Budget& budget, const Value& value);

/// format % args, where args is a tuple, a dict or one value.
Value percent_format(Budget& budget, Str& format, const Value& args);

}  // namespace weft::detail::jinja
