// Texts to numbers, and changes of case: what filters and methods share.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "weft/core/config.hpp"
#include "weft/text/jinja/values.hpp"

namespace weft::detail::jinja {

/// int(text, base): white space around, a sign, a prefix that fits the base, single underscores. base 0 goes by the prefix. Nothing for
/// what is no number; Error(format) for one beyond 64 bits.
std::optional<std::int64_t> parse_integer(std::string_view text, int base);
/// float(text): also inf, infinity and nan.
std::optional<double> parse_real(std::string_view text);
/// round(number, precision): to the nearest decimal, ties to even; an int stays one.
Value rounded(Budget& budget, const Value& number, std::int64_t precision);

enum class Case : std::uint8_t { lower, upper, capitalized, swapped, title, folded };
Value change_case(Budget& budget, const Value& text, Case to);
inline Value lowered(Budget& budget, const Value& text) { return change_case(budget, text, Case::lower); }

/// Where the text begins and ends without the characters `chars` (white space if empty and `any` is false) on both sides.
enum class Side : std::uint8_t { left = 1, right = 2, both = 3 };
Value stripped(Budget& budget, const Value& text, Side side, const Value& chars);
/// text with `count` (all if negative) occurrences of `from` replaced.
Value replaced(Budget& budget, Str& text, Str& from, Str& to, std::int64_t count);
Value joined(Budget& budget, const Value& separator, const Items& items);
/// Lines as str.splitlines() finds them.
std::vector<Value> split_lines(Budget& budget, Str& text, bool keep_ends);

/// json.dumps(value, ...), as Hugging Face's filter tojson calls it.
Value to_json(Budget& budget, const Value& value, bool ascii, const Value& indent, const Value& separators, bool sort_keys);

}  // namespace weft::detail::jinja
