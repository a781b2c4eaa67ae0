// Look-ups in the generated tables.
#pragma once

#include <algorithm>

#include "weft/core/unicode.hpp"
#include "weft/core/unicode_tables.ipp"

namespace weft {
namespace detail {

WEFT_INLINE std::span<const std::uint32_t> unicode_category_runs() noexcept { return category_runs; }
WEFT_INLINE std::span<const CodeRange> unicode_white_space() noexcept { return white_space_runs; }
WEFT_INLINE std::span<const CodeRange> unicode_other_alphabetic() noexcept { return other_alphabetic_runs; }
WEFT_INLINE std::span<const FoldRun> unicode_folds() noexcept { return fold_runs; }

}  // namespace detail

WEFT_INLINE Category category(char32_t code) noexcept {
  if (code >= detail::code_limit) return Category::cn;
  const auto runs = detail::unicode_category_runs();
  // The last run that starts at or before code; the first one starts at 0.
  const auto after = std::upper_bound(runs.begin(), runs.end(), static_cast<std::uint32_t>(code) << 8 | 0xFFu);
  return static_cast<Category>(*(after - 1) & 0xFFu);
}

WEFT_INLINE bool is_white_space(char32_t code) noexcept {
  for (const auto& run : detail::unicode_white_space())
    if (code <= run.last) return code >= run.first;
  return false;
}

WEFT_INLINE char32_t fold_case(char32_t code) noexcept {
  const auto runs = detail::unicode_folds();
  const auto after = std::upper_bound(runs.begin(), runs.end(), static_cast<std::uint32_t>(code),
                                      [](std::uint32_t value, const detail::FoldRun& run) { return value < run.first; });
  if (after == runs.begin()) return code;
  const auto& run = *(after - 1);
  if (code > run.last || (code - run.first) % run.step != 0) return code;
  return static_cast<char32_t>(run.folded + (code - run.first));
}

}  // namespace weft
