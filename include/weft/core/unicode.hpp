// Properties of code points: general category, white space, simple case folding. Unicode 15.0.
// Source: the Unicode Character Database, by tests/scripts/make_unicode_tables.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "weft/core/config.hpp"

namespace weft {

inline constexpr int unicode_version_major = 15;
inline constexpr int unicode_version_minor = 0;

/// General categories by their short names, in the order of UAX #44; the first letter is the group (L, M, N, P, S, Z, C).
enum class Category : std::uint8_t {
  lu, ll, lt, lm, lo, mn, mc, me, nd, nl, no, pc, pd, ps, pe, pi, pf, po, sm, sc, sk, so, zs, zl, zp, cc, cf, cs, co, cn
};

namespace detail {

struct CodeRange {
  std::uint32_t first, last;  ///< both inside
  friend bool operator==(const CodeRange&, const CodeRange&) = default;
};
struct FoldRun {
  std::uint32_t first, last, step, folded;
};

inline constexpr std::uint32_t code_limit = 0x110000;

/// Each entry starts a run of one category: code point << 8 | Category. Sorted; the last run ends at code_limit.
std::span<const std::uint32_t> unicode_category_runs() noexcept;
std::span<const CodeRange> unicode_white_space() noexcept;
/// What is alphabetic, yet neither letter (L), mark (M) nor letter number (Nl).
std::span<const CodeRange> unicode_other_alphabetic() noexcept;
std::span<const FoldRun> unicode_folds() noexcept;

}  // namespace detail

/// The general category; cn for what is not assigned, and for numbers above U+10FFFF. Binary search: tens of nanoseconds.
Category category(char32_t code) noexcept;

constexpr bool is_letter(Category c) noexcept { return c <= Category::lo; }
constexpr bool is_mark(Category c) noexcept { return c >= Category::mn && c <= Category::me; }
constexpr bool is_number(Category c) noexcept { return c >= Category::nd && c <= Category::no; }
constexpr bool is_punctuation(Category c) noexcept { return c >= Category::pc && c <= Category::po; }
constexpr bool is_symbol(Category c) noexcept { return c >= Category::sm && c <= Category::so; }
constexpr bool is_separator(Category c) noexcept { return c >= Category::zs && c <= Category::zp; }
constexpr bool is_other(Category c) noexcept { return c >= Category::cc; }

/// The property White_Space: \s of the regular expressions.
bool is_white_space(char32_t code) noexcept;

/// Simple (one to one) case folding: 'A' gives 'a', U+1E9E gives U+00DF; what has no case is given back.
char32_t fold_case(char32_t code) noexcept;

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/core/unicode.ipp"
#endif
