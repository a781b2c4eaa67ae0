// Look-ups in the generated tables.
#pragma once

#include <algorithm>
#include <span>

#include "weft/core/unicode_case.hpp"
#include "weft/core/unicode_case_tables.ipp"
#include "weft/core/utf8.hpp"

namespace weft {
namespace detail {

/// Appends what the tables say of code; false if they say nothing.
inline bool append_mapped(std::string& text, char32_t code, std::span<const FoldRun> runs, std::span<const CaseExpansion> expansions) {
  const auto expansion = std::lower_bound(expansions.begin(), expansions.end(), code, [](const CaseExpansion& e, char32_t c) { return e.code < c; });
  if (expansion != expansions.end() && expansion->code == code) {
    for (const std::uint32_t to : expansion->to)
      if (to != 0) append_utf8(text, to);
    return true;
  }
  const auto after = std::upper_bound(runs.begin(), runs.end(), static_cast<std::uint32_t>(code),
                                      [](std::uint32_t value, const FoldRun& run) { return value < run.first; });
  if (after == runs.begin()) return false;
  const auto& run = *(after - 1);
  if (code > run.last || (code - run.first) % run.step != 0) return false;
  append_utf8(text, static_cast<char32_t>(run.folded + (code - run.first)));
  return true;
}

}  // namespace detail

WEFT_INLINE void append_upper(std::string& text, char32_t code) {
  if (!detail::append_mapped(text, code, detail::upper_runs, detail::upper_expansions)) append_utf8(text, code);
}
WEFT_INLINE void append_lower(std::string& text, char32_t code) {
  append_utf8(text, lower_case(code));
  if (code == dotted_capital_i) append_utf8(text, combining_dot_above);
}
WEFT_INLINE void append_title(std::string& text, char32_t code) {
  if (!detail::append_mapped(text, code, detail::title_runs, detail::title_expansions)) append_upper(text, code);
}
WEFT_INLINE void append_casefold(std::string& text, char32_t code) {
  if (!detail::append_mapped(text, code, detail::casefold_runs, detail::casefold_expansions)) append_lower(text, code);
}

}  // namespace weft
