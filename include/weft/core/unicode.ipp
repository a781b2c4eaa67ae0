// Look-ups in the generated tables.
#pragma once

#include <algorithm>

#include "weft/core/unicode.hpp"
#include "weft/core/unicode_tables.ipp"
#include "weft/core/unicode_text_tables.ipp"
#include "weft/core/utf8.hpp"

namespace weft {
namespace detail {

WEFT_INLINE std::span<const std::uint32_t> unicode_category_runs() noexcept { return category_runs; }
WEFT_INLINE std::span<const CodeRange> unicode_white_space() noexcept { return white_space_runs; }
WEFT_INLINE std::span<const CodeRange> unicode_other_alphabetic() noexcept { return other_alphabetic_runs; }
WEFT_INLINE std::span<const CodeRange> unicode_other_marks() noexcept { return other_mark_runs; }
WEFT_INLINE std::span<const CodeRange> unicode_other_upper() noexcept { return other_upper_runs; }
WEFT_INLINE std::span<const CodeRange> unicode_other_lower() noexcept { return other_lower_runs; }
WEFT_INLINE std::span<const FoldRun> unicode_folds() noexcept { return fold_runs; }
WEFT_INLINE std::span<const std::uint32_t> unicode_script_runs() noexcept { return script_runs; }
WEFT_INLINE std::span<const std::string_view> unicode_script_names() noexcept { return script_names; }

WEFT_INLINE std::uint8_t value_of_run(std::span<const std::uint32_t> runs, char32_t code) noexcept {
  const auto after = std::upper_bound(runs.begin(), runs.end(), static_cast<std::uint32_t>(code) << 8 | 0xFFu);
  return static_cast<std::uint8_t>(*(after - 1) & 0xFFu);
}

WEFT_INLINE bool is_newer_than(char32_t code, int version) noexcept {
  return code < code_limit && value_of_run(age_runs, code) > version;
}

WEFT_INLINE char32_t map_run(std::span<const FoldRun> runs, char32_t code) noexcept {
  const auto after = std::upper_bound(runs.begin(), runs.end(), static_cast<std::uint32_t>(code),
                                      [](std::uint32_t value, const FoldRun& run) { return value < run.first; });
  if (after == runs.begin()) return code;
  const auto& run = *(after - 1);
  if (code > run.last || (code - run.first) % run.step != 0) return code;
  return static_cast<char32_t>(run.folded + (code - run.first));
}

}  // namespace detail

WEFT_INLINE Category category(char32_t code) noexcept {
  if (code >= detail::code_limit) return Category::cn;
  return static_cast<Category>(detail::value_of_run(detail::unicode_category_runs(), code));
}

WEFT_INLINE bool is_white_space(char32_t code) noexcept {
  for (const auto& run : detail::unicode_white_space())
    if (code <= run.last) return code >= run.first;
  return false;
}

WEFT_INLINE char32_t fold_case(char32_t code) noexcept { return detail::map_run(detail::unicode_folds(), code); }

WEFT_INLINE char32_t lower_case(char32_t code) noexcept {
  if (code < 0x80) return code >= 'A' && code <= 'Z' ? code + ('a' - 'A') : code;
  return detail::map_run(detail::lower_runs, code);
}

WEFT_INLINE std::string to_lower(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto unit = detail::read_unit(text, at);
    at += unit.length;
    detail::append_unit(out, lower_case(unit.code));
    if (unit.code == dotted_capital_i) append_utf8(out, combining_dot_above);
  }
  return out;
}

WEFT_INLINE std::string_view script_name(char32_t code) noexcept {
  return code < detail::code_limit ? detail::script_names[detail::value_of_run(detail::script_runs, code)] : detail::script_names[0];
}

}  // namespace weft
