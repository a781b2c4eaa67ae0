// Numbers and texts in a given form: what '%' and str.format share.
// Source: Python's "Format Specification Mini-Language" and "printf-style String Formatting".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weft/core/config.hpp"
#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/text/jinja/values.hpp"

namespace weft::detail::jinja {

struct FormatSpec {
  std::string fill = " ";
  char align = 0;  ///< < > ^ =, 0: as is usual for the type
  char sign = '-';
  bool alternate = false;
  char grouping = 0;  ///< , or _
  std::int64_t width = 0, precision = -1;
  char type = 0;
};

/// A number at text[at], which is moved behind it; `otherwise` if there is none.
inline std::int64_t read_count(std::string_view text, std::size_t& at, std::int64_t otherwise) {
  const std::size_t begin = at;
  std::int64_t value = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
    value = value * 10 + (text[at] - '0');
    if (value > 1'000'000'000) fail(ErrorKind::format, "a width or precision in a format is too large: ", printable(text, 40));
  }
  return at == begin ? otherwise : value;
}

/// [[fill]align][sign][#][0][width][grouping][.precision][type]
FormatSpec parse_spec(std::string_view text);

/// The digits of a number, without padding. Throws Error(format) for a type that does not fit.
std::string format_integer(std::int64_t value, const FormatSpec& spec);
std::string format_real(Budget& budget, double value, const FormatSpec& spec);
/// Digits of a float by 'e', 'f' or 'g' and a precision.
std::string real_digits(Budget& budget, double value, char type, std::int64_t precision);

/// Appends text filled up to the width; a sign stays before zeros that fill up.
void append_padded(Budget& budget, TextBuilder& out, Str& text, const FormatSpec& spec, char usual_align);

/// format(value, spec).
void format_value(Budget& budget, TextBuilder& out, const Value& value, std::string_view spec);

}  // namespace weft::detail::jinja
