// Properties of code points: general category, script, white space, case. Unicode 15.0.
// Source: the Unicode Character Database, by tests/scripts/make_unicode_tables.py and make_unicode_normal_tables.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

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
/// Marks that are not alphabetic.
std::span<const CodeRange> unicode_other_marks() noexcept;
/// What is upper or lower case, yet not of the categories Lu and Ll.
std::span<const CodeRange> unicode_other_upper() noexcept;
std::span<const CodeRange> unicode_other_lower() noexcept;
std::span<const FoldRun> unicode_folds() noexcept;
/// Each entry starts a run of one script: code point << 8 | index of unicode_script_names().
std::span<const std::uint32_t> unicode_script_runs() noexcept;
std::span<const std::string_view> unicode_script_names() noexcept;
/// Whether a code point was first assigned after that version of Unicode (8 or 9): libraries with older tables do not know it.
bool is_newer_than(char32_t code, int version) noexcept;

/// The value of the run that holds a code point: runs are code point << 8 | value, sorted, and the first starts at 0.
std::uint8_t value_of_run(std::span<const std::uint32_t> runs, char32_t code) noexcept;

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

/// Lower case without regard to language or neighbours: one code point for each but U+0130, whose dot becomes a mark of its own.
/// lower_case gives the first of them; to_lower keeps bytes that are no UTF-8.
char32_t lower_case(char32_t code) noexcept;
std::string to_lower(std::string_view text);
inline constexpr char32_t dotted_capital_i = 0x130, combining_dot_above = 0x307;

/// The script by its long name in Scripts.txt ("Latin", "Han", "Common", "Inherited"), "Unknown" where there is none.
std::string_view script_name(char32_t code) noexcept;

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/core/unicode.ipp"
#endif
