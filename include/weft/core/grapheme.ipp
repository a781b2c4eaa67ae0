// The rules as a walk over the properties of neighbours.
#pragma once

#include <cstdint>

#include "weft/core/grapheme.hpp"
#include "weft/core/unicode.hpp"
#include "weft/core/unicode_text_tables.ipp"
#include "weft/core/utf8.hpp"

namespace weft {
namespace detail {

// In the order of the generator's list.
enum class GraphemeBreak : std::uint8_t {
  other, cr, lf, control, extend, zwj, regional, prepend, spacing_mark, lead, vowel, trail, lead_vowel, lead_vowel_trail, pictographic
};

inline GraphemeBreak grapheme_break(char32_t code) noexcept {
  using enum GraphemeBreak;
  if (code < 0x7F) return code == '\r' ? cr : code == '\n' ? lf : code < 0x20 ? control : other;
  if (code >= code_limit) return other;
  const auto value = static_cast<GraphemeBreak>(value_of_run(grapheme_runs, code));
  return value == lead_vowel_trail && (code - 0xAC00) % 28 == 0 ? lead_vowel : value;
}

// Whether no cluster ends between two neighbours, but for what depends on more than these (GB11 to GB13).
constexpr bool joins(GraphemeBreak before, GraphemeBreak after) noexcept {
  using enum GraphemeBreak;
  if (before == cr && after == lf) return true;
  if (before == cr || before == lf || before == control || after == cr || after == lf || after == control) return false;
  if (after == extend || after == zwj || after == spacing_mark || before == prepend) return true;
  if (before == lead) return after == lead || after == vowel || after == lead_vowel || after == lead_vowel_trail;
  if (before == lead_vowel || before == vowel) return after == vowel || after == trail;
  return (before == lead_vowel_trail || before == trail) && after == trail;
}

}  // namespace detail

WEFT_INLINE std::size_t grapheme_end(std::string_view text, std::size_t at) noexcept {
  using detail::GraphemeBreak;
  auto unit = detail::read_unit(text, at);
  GraphemeBreak before = detail::grapheme_break(unit.code);
  bool pictograph = before == GraphemeBreak::pictographic;  // a pictograph, only extenders since, and perhaps a joiner behind them
  bool single_flag = before == GraphemeBreak::regional;
  for (at += unit.length; at < text.size(); at += unit.length) {
    unit = detail::read_unit(text, at);
    const GraphemeBreak after = detail::grapheme_break(unit.code);
    const bool joined_pictograph = pictograph && before == GraphemeBreak::zwj && after == GraphemeBreak::pictographic;
    const bool flag = single_flag && before == GraphemeBreak::regional && after == GraphemeBreak::regional;
    if (!detail::joins(before, after) && !joined_pictograph && !flag) break;
    if (flag) single_flag = false;
    else if (after == GraphemeBreak::regional) single_flag = true;  // after a prepended mark
    if (after == GraphemeBreak::pictographic) pictograph = true;
    else if (before == GraphemeBreak::zwj || (after != GraphemeBreak::extend && after != GraphemeBreak::zwj)) pictograph = false;
    before = after;
  }
  return at;
}

}  // namespace weft
