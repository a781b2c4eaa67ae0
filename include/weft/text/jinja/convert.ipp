#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "weft/core/error.hpp"
#include "weft/core/quote.hpp"
#include "weft/core/unicode.hpp"
#include "weft/core/unicode_case.hpp"
#include "weft/text/jinja/convert.hpp"
#include "weft/text/jinja/format.hpp"
#include "weft/text/jinja/operators.hpp"

namespace weft::detail::jinja {

/// Without white space around and single underscores between digits; empty for what Python would not take.
inline std::string plain_number(std::string_view text) {
  std::size_t begin = 0;
  while (begin < text.size() && is_space(read_utf8(text, begin).code)) begin = after_character(text, begin);
  text = text.substr(begin);
  text = text.substr(0, stripped_end(text));
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
    } else if (i == 0 || i + 1 == text.size() || std::isalnum(static_cast<unsigned char>(text[i - 1])) == 0 || std::isalnum(static_cast<unsigned char>(text[i + 1])) == 0) {
      return {};
    }
  }
  return out;
}

WEFT_INLINE std::optional<std::int64_t> parse_integer(std::string_view text, int base) {
  if (base != 0 && (base < 2 || base > 36)) return std::nullopt;
  std::string digits = plain_number(text);
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.erase(0, 1);
  if (digits.size() > 2 && digits[0] == '0') {
    const char letter = static_cast<char>(digits[1] | 0x20);
    const int prefix = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
    if (prefix != 0 && (base == prefix || base == 0)) {
      digits.erase(0, 2);
      base = prefix;
    }
  }
  if (base == 0) {
    if (digits.size() > 1 && digits[0] == '0' && digits.find_first_not_of('0') != std::string::npos) return std::nullopt;
    base = 10;
  }
  if (digits.empty() || std::isalnum(static_cast<unsigned char>(digits[0])) == 0) return std::nullopt;
  if (negative) digits.insert(0, 1, '-');
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (end != digits.data() + digits.size()) return std::nullopt;
  if (code == std::errc::result_out_of_range) fail(ErrorKind::format, "the integer ", quote(text, 40), " is outside 64 bits, which is all this engine has");
  return code == std::errc() ? std::optional(value) : std::nullopt;
}

WEFT_INLINE std::optional<double> parse_real(std::string_view text) {
  std::string digits = plain_number(text);
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.erase(0, 1);
  std::transform(digits.begin(), digits.end(), digits.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  double value = 0;
  if (digits == "inf" || digits == "infinity") {
    value = std::numeric_limits<double>::infinity();
  } else if (digits == "nan") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else {
    if (digits.empty() || !((digits[0] >= '0' && digits[0] <= '9') || digits[0] == '.')) return std::nullopt;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (end != digits.data() + digits.size() || code == std::errc::invalid_argument) return std::nullopt;
    if (code == std::errc::result_out_of_range) value = digits.find("e-") != std::string::npos ? 0.0 : std::numeric_limits<double>::infinity();
  }
  return negative ? -value : value;
}

WEFT_INLINE Value rounded(Budget& budget, const Value& number, std::int64_t precision) {
  if (number.is_integral()) {
    const std::int64_t value = number.as_integer();
    if (precision >= 0) return make_integer(value, number.data);
    if (precision < -18) return make_integer(0, number.data);
    std::int64_t unit = 1;
    for (std::int64_t i = precision; i < 0; ++i) unit *= 10;
    std::int64_t quotient = floor_divide(value, unit);
    const std::int64_t rest = value - quotient * unit;
    if (rest > unit - rest || (rest == unit - rest && quotient % 2 != 0)) ++quotient;
    return make_integer(multiply(quotient, unit), number.data);
  }
  const double value = number.real;
  if (!std::isfinite(value) || precision > 350) return number;
  if (precision >= 0) {
    // The decimal digits are exact, so this rounds the number itself, ties to even, as Python does.
    double result = 0;
    const std::string digits = real_digits(budget, value, 'f', precision);
    std::from_chars(digits.data(), digits.data() + digits.size(), result);
    return make_real(std::copysign(result, value), number.data);
  }
  if (precision < -308) return make_real(std::copysign(0.0, value), number.data);
  const double unit = std::pow(10.0, static_cast<double>(-precision));
  return make_real(std::nearbyint(value / unit) * unit, number.data);
}

/// Python's rule for the last sigma of a word: cased letters before it, none after (marks between do not count).
inline bool is_final_sigma(std::string_view text, std::size_t at) {
  const auto cased = [](char32_t c) { return category(c) == Category::lu || category(c) == Category::ll || category(c) == Category::lt; };
  const auto skipped = [](char32_t c) {
    const Category g = category(c);
    return g == Category::mn || g == Category::me || g == Category::cf || g == Category::lm || g == Category::sk || c == '\'' || c == '.' || c == ':' || c == 0xB7 || c == 0x2019;
  };
  bool before = false;
  for (std::size_t i = at; i > 0;) {
    do --i;
    while (i > 0 && (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80);
    const char32_t c = read_utf8(text, i).code;
    if (skipped(c)) continue;
    before = cased(c);
    break;
  }
  if (!before) return false;
  for (std::size_t i = at + 2; i < text.size(); i = after_character(text, i)) {
    const char32_t c = read_utf8(text, i).code;
    if (!skipped(c)) return !cased(c);
  }
  return true;
}

inline void append_case(std::string& out, std::string_view text, std::size_t at, Case to, bool& first, bool& in_word) {
  const auto sequence = read_utf8(text, at);
  const char32_t c = sequence.code;
  if (sequence.state != Utf8State::valid) {  // what is no character stays as it is
    out.append(text.substr(at, after_character(text, at) - at));
    return;
  }
  const auto lower = [&] {
    if (c == 0x3A3 && is_final_sigma(text, at)) append_utf8(out, 0x3C2);
    else append_lower(out, c);
  };
  const Category group = c < 128 ? (c >= 'a' && c <= 'z' ? Category::ll : c >= 'A' && c <= 'Z' ? Category::lu : Category::cc) : category(c);
  const bool cased = group == Category::ll || group == Category::lu || group == Category::lt;
  switch (to) {
    case Case::lower: lower(); break;
    case Case::upper: append_upper(out, c); break;
    case Case::folded: append_casefold(out, c); break;
    case Case::swapped: group == Category::lu ? lower() : group == Category::ll ? append_upper(out, c) : append_utf8(out, c); break;
    case Case::capitalized: first ? append_title(out, c) : lower(); break;
    case Case::title: in_word ? lower() : append_title(out, c); break;
  }
  first = false;
  in_word = cased;
}

WEFT_INLINE Value change_case(Budget& budget, const Value& value, Case to) {
  Str& text = flat(budget, *value.string);
  TextBuilder out(budget);
  bool first = true, in_word = false;
  std::size_t begin = 0;
  each_run(text, [&](std::string_view part, bool written) {
    std::string changed;
    for (std::size_t at = begin; at < begin + part.size(); at = after_character(text.view(), at)) {
      const char c = text.data[at];
      if (static_cast<unsigned char>(c) < 0x80 && (to == Case::lower || to == Case::upper)) {
        changed += to == Case::lower ? (c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
      } else {
        append_case(changed, text.view(), at, to, first, in_word);
      }
    }
    begin += part.size();
    out.append(changed, written);
  });
  return out.finish(text.markup);
}

WEFT_INLINE Value stripped(Budget& budget, const Value& value, Side side, const Value& chars) {
  Str& text = flat(budget, *value.string);
  const std::string_view view = text.view();
  std::string_view set;
  if (chars.kind == Kind::string) set = view_of(budget, chars);
  else if (chars.kind != Kind::none) require_defined(chars), fail(ErrorKind::format, "strip takes characters as a str, not a ", type_name(chars));
  const auto inside = [&](std::size_t at, std::size_t end) {
    if (chars.kind == Kind::none) return is_space(read_utf8(view, at).code);
    budget.charge(1 + set.size() / 16);
    for (std::size_t i = 0; i < set.size(); i = after_character(set, i))
      if (set.substr(i, after_character(set, i) - i) == view.substr(at, end - at)) return true;
    return false;
  };
  std::size_t begin = 0, end = view.size();
  if ((static_cast<int>(side) & 1) != 0)
    while (begin < end && inside(begin, after_character(view, begin))) begin = after_character(view, begin);
  if ((static_cast<int>(side) & 2) != 0) {
    while (end > begin) {
      std::size_t last = end - 1;
      while (last > begin && end - last < 4 && (static_cast<unsigned char>(view[last]) & 0xC0) == 0x80) --last;
      if (!inside(last, end)) break;
      end = last;
    }
  }
  budget.charge((view.size() - (end - begin)) / 16);
  return begin == 0 && end == view.size() ? make_string(&text) : cut(budget, text, begin, end);
}

WEFT_INLINE Value replaced(Budget& budget, Str& text, Str& from, Str& to, std::int64_t count) {
  const std::string_view view = text.view();
  TextBuilder out(budget);
  std::size_t done = 0;
  const auto left = [&] { return count < 0 || count-- > 0; };
  if (from.size == 0) {  // before every character, and at the end
    for (std::size_t at = 0;; at = after_character(view, at)) {
      if (!left()) break;
      out.append(to);
      done = at < view.size() ? after_character(view, at) : at;
      out.append(*cut(budget, text, at, done).string);
      if (at >= view.size()) break;
    }
  } else {
    for (std::size_t at = 0; (at = find_text(view, from.view(), at)) != std::string_view::npos && left(); at = done) {
      out.append(*cut(budget, text, done, at).string);
      out.append(to);
      done = at + from.size;
    }
    if (done == 0) return make_string(&text);
  }
  out.append(*cut(budget, text, done, text.size).string);
  return out.finish(text.markup);
}

WEFT_INLINE Value joined(Budget& budget, const Value& separator, const Items& items) {
  Str& between = flat(budget, *to_text(budget, separator).string);
  TextBuilder out(budget);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out.append(between);
    print(budget, out, items.at(budget, i));
  }
  return out.finish();
}

WEFT_INLINE std::vector<Value> split_lines(Budget& budget, Str& text, bool keep_ends) {
  std::vector<Value> lines;
  const std::string_view view = text.view();
  std::size_t begin = 0;
  for (std::size_t at = 0; at < view.size();) {
    const std::size_t next = after_character(view, at);
    const char32_t c = read_utf8(view, at).code;
    const bool ends = (c >= 10 && c <= 13) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
    if (!ends) {
      at = next;
      continue;
    }
    const std::size_t after = c == '\r' && next < view.size() && view[next] == '\n' ? next + 1 : next;
    budget.charge(1);
    lines.push_back(cut(budget, text, begin, keep_ends ? after : at));
    begin = at = after;
  }
  budget.charge(view.size() / 16);
  if (begin < view.size()) lines.push_back(cut(budget, text, begin, view.size()));
  return lines;
}

}  // namespace weft::detail::jinja
