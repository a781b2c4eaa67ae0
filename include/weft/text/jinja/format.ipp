#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/text/jinja/format.hpp"

namespace weft::detail::jinja {

WEFT_INLINE FormatSpec parse_spec(std::string_view text) {
  FormatSpec spec;
  std::size_t at = 0;
  const auto is_align = [](char c) { return c == '<' || c == '>' || c == '^' || c == '='; };
  const std::size_t fill = text.empty() ? 0 : after_character(text, 0);
  if (fill > 0 && fill < text.size() && is_align(text[fill])) {
    spec.fill = text.substr(0, fill);
    spec.align = text[fill];
    at = fill + 1;
  } else if (!text.empty() && is_align(text[0])) {
    spec.align = text[at++];
  }
  const auto take = [&](char c) { return at < text.size() && text[at] == c ? (++at, true) : false; };
  if (at < text.size() && (text[at] == '+' || text[at] == '-' || text[at] == ' ')) spec.sign = text[at++];
  spec.alternate = take('#');
  if (take('0') && spec.align == 0) spec.fill = "0", spec.align = '=';
  spec.width = read_count(text, at, 0);
  if (at < text.size() && (text[at] == ',' || text[at] == '_')) spec.grouping = text[at++];
  if (take('.')) {
    spec.precision = read_count(text, at, -1);
    if (spec.precision < 0) fail(ErrorKind::format, "a format lacks the precision after '.': ", quote(text, 60));
  }
  if (at < text.size()) spec.type = text[at++];
  if (at < text.size()) fail(ErrorKind::format, quote(text, 60), " is no format specification");
  return spec;
}

inline std::string group_digits(std::string digits, char separator, std::size_t size) {
  if (separator == 0) return digits;
  std::size_t whole = 0;
  while (whole < digits.size() && std::isalnum(static_cast<unsigned char>(digits[whole])) != 0 && digits[whole] != 'e') ++whole;
  for (std::size_t i = whole; i > size; i -= size) digits.insert(i - size, 1, separator);
  return digits;
}

inline std::string with_sign(bool negative, char sign, const std::string& digits) {
  return (negative ? "-" : sign == '-' ? "" : std::string(1, sign)) + digits;
}

WEFT_INLINE std::string format_integer(std::int64_t value, const FormatSpec& spec) {
  const char type = spec.type == 0 || spec.type == 'n' ? 'd' : spec.type;
  const bool negative = value < 0;
  const std::uint64_t size = negative ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  const int base = type == 'd' ? 10 : type == 'x' || type == 'X' ? 16 : type == 'o' ? 8 : type == 'b' ? 2 : 0;
  if (base == 0) fail(ErrorKind::format, "the format type ", quote(std::string_view(&type, 1)), " does not fit an int");
  if (spec.precision >= 0) fail(ErrorKind::format, "the format of an int has no precision");
  char buffer[72];
  std::string digits(buffer, std::to_chars(buffer, buffer + sizeof buffer, size, base).ptr);
  if (type == 'X') std::transform(digits.begin(), digits.end(), digits.begin(), [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
  digits = group_digits(std::move(digits), spec.grouping, base == 10 ? 3 : 4);
  if (spec.alternate && base != 10) digits.insert(0, std::string{'0', type});
  return with_sign(negative, spec.sign, digits);
}

WEFT_INLINE std::string real_digits(Budget& budget, double value, char type, std::int64_t precision) {
  if (!std::isfinite(value)) return std::isnan(value) ? "nan" : "inf";
  value = std::fabs(value);
  budget.check_text(static_cast<std::size_t>(precision));
  if (precision > 100'000) fail(ErrorKind::format, "a precision of ", precision, " digits is too large");
  budget.charge(static_cast<std::size_t>(precision) / 8);
  const auto form = type == 'f' ? std::chars_format::fixed : type == 'e' ? std::chars_format::scientific : std::chars_format::general;
  std::string buffer(static_cast<std::size_t>(precision) + 350, '\0');
  buffer.resize(static_cast<std::size_t>(std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, form, static_cast<int>(precision)).ptr - buffer.data()));
  return buffer;
}

WEFT_INLINE std::string format_real(Budget& budget, double value, const FormatSpec& spec) {
  const bool upper = spec.type == 'E' || spec.type == 'F' || spec.type == 'G';
  const char type = upper ? static_cast<char>(spec.type + 32) : spec.type == 'n' ? 'g' : spec.type;
  const std::int64_t precision = spec.precision < 0 ? 6 : spec.precision;
  std::string digits;
  switch (type) {
    case 0:
      if (spec.precision < 0) {
        digits = real_text(std::fabs(value));
      } else {
        digits = real_digits(budget, value, 'g', std::max<std::int64_t>(precision, 1));
        if (std::isfinite(value) && digits.find_first_of(".e") == std::string::npos) digits += ".0";
      }
      break;
    case '%': digits = real_digits(budget, value * 100, 'f', precision) + '%'; break;
    case 'g': digits = real_digits(budget, value, 'g', std::max<std::int64_t>(precision, 1)); break;
    case 'e':
    case 'f': digits = real_digits(budget, value, type, precision); break;
    default: fail(ErrorKind::format, "the format type ", quote(std::string_view(&type, 1)), " does not fit a float");
  }
  if (upper) std::transform(digits.begin(), digits.end(), digits.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  if (std::isfinite(value)) digits = group_digits(std::move(digits), spec.grouping, 3);
  return with_sign(std::signbit(value) && !std::isnan(value), spec.sign, digits);
}

WEFT_INLINE void append_padded(Budget& budget, TextBuilder& out, Str& text, const FormatSpec& spec, char usual_align) {
  const std::size_t size = length_of(text);
  const auto width = static_cast<std::size_t>(spec.width);
  if (width <= size) return out.append(text);
  const std::size_t missing = width - size;
  budget.check_text(missing);
  budget.charge(missing);
  const auto fill = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) out.append(spec.fill, true);
  };
  const char align = spec.align != 0 ? spec.align : usual_align;
  std::size_t sign = 0;
  if (align == '=') {
    const std::string_view view = text.view();
    if (!view.empty() && (view[0] == '-' || view[0] == '+' || view[0] == ' ')) sign = 1;
    if (spec.alternate && view.size() >= sign + 2 && view[sign] == '0' && view[sign + 1] > '9') sign += 2;
    out.append(*cut(budget, text, 0, sign).string);
  }
  const std::size_t before = align == '<' ? 0 : align == '^' ? missing / 2 : missing;
  fill(before);
  out.append(*cut(budget, text, sign, text.size).string);
  fill(missing - before);
}

WEFT_INLINE void format_value(Budget& budget, TextBuilder& out, const Value& value, std::string_view text) {
  if (text.empty()) return print(budget, out, value);
  const FormatSpec spec = parse_spec(text);
  if (value.kind == Kind::string) {
    if ((spec.type != 0 && spec.type != 's') || spec.align == '=' || spec.sign != '-' || spec.alternate || spec.grouping != 0)
      fail(ErrorKind::format, "the format ", quote(text, 60), " does not fit a str");
    Str* shown = &flat(budget, *value.string);
    if (spec.precision >= 0) {
      const CharacterIndex index(*shown);
      shown = cut(budget, *shown, 0, index[std::min(index.size(), static_cast<std::size_t>(spec.precision))]).string;
    }
    return append_padded(budget, out, *shown, spec, '<');
  }
  if (!value.is_number()) fail(ErrorKind::format, "a ", type_name(value), " takes no format ", quote(text, 60));
  const bool as_real = value.kind == Kind::real || std::string_view("eEfFgG%").find(spec.type) != std::string_view::npos;
  std::string digits;
  if (as_real && (value.kind == Kind::real || spec.type != 0)) {
    digits = format_real(budget, value.as_real(), spec);
  } else if (spec.type == 'c') {
    const std::int64_t code = value.as_integer();
    if (code < 0 || code > 0x10FFFF) fail(ErrorKind::format, code, " is no character");
    append_utf8(digits, static_cast<char32_t>(code));
  } else {
    digits = format_integer(value.as_integer(), spec);
  }
  append_padded(budget, out, *text_copy(budget, digits, !value.data).string, spec, '>');
}

}  // namespace weft::detail::jinja
