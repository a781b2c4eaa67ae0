// Unicode normal forms: one spelling for texts that mean the same. Unicode 15.0.
// Source: UAX #15; The Unicode Standard, section 3.11 (canonical ordering and composition) and 3.12 (Hangul).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/config.hpp"

namespace weft {

enum class NormalForm : std::uint8_t {
  nfd,   ///< letters and their marks apart
  nfc,   ///< letters and marks composed
  nfkd,  ///< nfd, and what differs only in looks (ligatures, widths, superscripts) made equal
  nfkc
};

/// The text in a normal form. Bytes that are no UTF-8 stay as they are. O(n), and O(m log m) for a run of m combining marks.
std::string normalize(std::string_view text, NormalForm form);

/// Canonical combining class: 0 for what begins a character, else the order of a mark among its neighbours.
std::uint8_t combining_class(char32_t code) noexcept;

/// The primary composite of two code points, or 0.
char32_t compose(char32_t first, char32_t second) noexcept;

namespace detail {

/// A code point of a normalised text (or a raw byte, see TextUnit), and how many of the text's it replaces: read from left to
/// right, they share out the whole text.
struct NormalCode {
  char32_t code = 0;
  std::uint32_t taken = 0;
};

/// Appends the codes of the normalised text. unicode_9: as a library does whose tables are those of Unicode 9.
void normalize_codes(std::string_view text, NormalForm form, std::vector<NormalCode>& out, bool unicode_9 = false);

}  // namespace detail
}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/core/normalize.ipp"
#endif
