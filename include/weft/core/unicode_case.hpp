// Upper, lower and title case of characters, full mappings ('ß' becomes "SS"), as Python's str has them.
// Source: Unicode's UnicodeData.txt, SpecialCasing.txt (unconditional) and CaseFolding.txt, by tests/scripts/make_case_tables.py.
#pragma once

#include <cstdint>
#include <string>

#include "weft/core/config.hpp"
#include "weft/core/unicode.hpp"

namespace weft {
namespace detail {

/// A character that becomes several; unused ones are 0.
struct CaseExpansion {
  std::uint32_t code;
  std::uint32_t to[3];
};

}  // namespace detail

/// Each appends what `code` becomes to text, in UTF-8. (The final sigma, which depends on its neighbours, is left to the caller.)
void append_upper(std::string& text, char32_t code);
void append_lower(std::string& text, char32_t code);
void append_title(std::string& text, char32_t code);
void append_casefold(std::string& text, char32_t code);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/core/unicode_case.ipp"
#endif
