// Reads the text of a regular expression: literals, numbers, digits, and errors that name the byte. Not API.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "weft/core/error.hpp"
#include "weft/core/unicode.hpp"
#include "weft/core/utf8.hpp"

namespace weft::detail {

class RegexReader {
 public:
  explicit RegexReader(std::string_view pattern) : pattern_(pattern) {}

 protected:
  static constexpr std::uint32_t max_count = 65535;

  [[noreturn]] void fail_at(ErrorKind kind, std::size_t at, std::string_view what) const {
    weft::fail(kind, "regular expression, byte ", at, ": ", what, " in '", pattern_.substr(0, 200), pattern_.size() > 200 ? "...'" : "'");
  }
  [[noreturn]] void fail_here(std::string_view what) const { fail_at(ErrorKind::format, at_, what); }

  [[nodiscard]] bool done() const { return at_ >= pattern_.size(); }
  [[nodiscard]] bool next_is(std::string_view text) const { return pattern_.substr(at_).starts_with(text); }
  bool take(std::string_view text) {
    if (!next_is(text)) return false;
    at_ += text.size();
    return true;
  }
  char32_t take_code() {
    if (done()) fail_here("unexpected end");
    const auto sequence = read_utf8(pattern_, at_);
    if (sequence.state != Utf8State::valid) fail_here("invalid UTF-8");
    at_ += sequence.length;
    return sequence.code;
  }
  /// What stands before `end`, which is read, too.
  std::string_view take_until(std::string_view end, std::size_t start, std::string_view unmatched) {
    const std::size_t found = pattern_.find(end, at_);
    if (found == std::string_view::npos) fail_at(ErrorKind::format, start, unmatched);
    const std::string_view text = pattern_.substr(at_, found - at_);
    at_ = found + end.size();
    return text;
  }

  std::optional<std::uint32_t> number() {
    const std::size_t start = at_;
    std::uint32_t value = 0;
    for (; !done() && pattern_[at_] >= '0' && pattern_[at_] <= '9'; ++at_) {
      value = value * 10 + static_cast<std::uint32_t>(pattern_[at_] - '0');
      if (value > max_count) fail_at(ErrorKind::unsupported, start, "repeat count above 65535");
    }
    if (at_ == start) return std::nullopt;
    return value;
  }
  /// {m}, {m,}, {,n} or {m,n}, or nothing: anything else after '{' is literal, as in Perl. max: what {m,} has.
  bool counts(std::uint32_t& min, std::uint32_t& max) {
    const std::size_t start = at_;
    if (!take("{")) return false;
    const std::optional<std::uint32_t> low = number();
    const bool comma = take(",");
    const std::optional<std::uint32_t> high = comma ? number() : low;
    if (!take("}") || (!low && !high)) {
      at_ = start;
      return false;
    }
    min = low.value_or(0);
    max = high.value_or(max);
    if (min > max) fail_at(ErrorKind::format, start, "{m,n} with m > n");
    return true;
  }
  /// The code point of so many digits, or of those in braces.
  char32_t hexadecimal(std::size_t start, int digits) {
    const bool braces = take("{");
    std::uint32_t value = 0;
    int count = 0;
    for (; !done() && (braces ? !next_is("}") : count < digits); ++count, ++at_) {
      const char c = pattern_[at_];
      const bool letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
      if (!letter && !(c >= '0' && c <= '9')) fail_here("not a hexadecimal digit");
      value = value * 16 + static_cast<std::uint32_t>(letter ? (c & 0x1F) + 9 : c - '0');
      if (value >= code_limit) fail_at(ErrorKind::format, start, "code point above U+10FFFF");
    }
    if (count == 0 || (braces ? !take("}") : count < digits)) fail_at(ErrorKind::format, start, "too few hexadecimal digits");
    return static_cast<char32_t>(value);
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
};

}  // namespace weft::detail
