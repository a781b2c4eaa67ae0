// Sets of code points as sorted ranges: the character classes of regular expressions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/core/unicode.hpp"

namespace weft {

/// A set of code points: ranges, sorted and apart. Values compare; every operation is linear in the number of ranges.
class CharSet {
 public:
  CharSet() = default;
  CharSet(char32_t first, char32_t last) : ranges_{{static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(last)}} {}

  [[nodiscard]] const std::vector<detail::CodeRange>& ranges() const noexcept { return ranges_; }
  [[nodiscard]] bool contains(char32_t code) const noexcept;
  [[nodiscard]] bool empty() const noexcept { return ranges_.empty(); }

  void add(char32_t first, char32_t last);
  void add(const CharSet& other);
  [[nodiscard]] CharSet negated() const;
  [[nodiscard]] CharSet intersected(const CharSet& other) const;
  /// With every code point that differs only in case (simple folding) from one inside.
  [[nodiscard]] CharSet with_all_cases() const;

  [[nodiscard]] static CharSet all() { return {0, 0x10FFFF}; }
  [[nodiscard]] static CharSet white_space();
  /// Letters, marks, decimal digits, letter numbers, other alphabetics, connector punctuation, joiners (UTS #18, annex C).
  [[nodiscard]] static CharSet word();
  /// Letters, letter numbers and other alphabetics, which include many marks; what is written in upper or lower case (DerivedCoreProperties.txt).
  [[nodiscard]] static CharSet alphabetic();
  [[nodiscard]] static CharSet upper_case();
  [[nodiscard]] static CharSet lower_case();
  /// Code points whose category's bit is set in `mask` (1 << Category).
  [[nodiscard]] static CharSet of_categories(std::uint32_t mask);
  /// A property by name as in \p{name}: general categories, short or long, scripts, Any, Assigned, White_Space, Alphabetic, Uppercase,
  /// Lowercase; case, '_', '-' and blanks do not matter. Empty for others.
  [[nodiscard]] static std::optional<CharSet> property(std::string_view name);

  friend bool operator==(const CharSet&, const CharSet&) = default;

 private:
  /// Of categories, and of some ranges.
  [[nodiscard]] static CharSet with_ranges(std::uint32_t mask, std::span<const detail::CodeRange> more);
  void normalize();

  std::vector<detail::CodeRange> ranges_;
};

namespace detail {

/// Names of properties compare without case, '_', '-' and blanks (UAX #44, LM3): a name as they are compared.
std::string plain_property_name(std::string_view name);

}  // namespace detail

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/core/char_set.ipp"
#endif
