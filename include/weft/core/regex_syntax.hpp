// The syntax tree of a regular expression, and its parser. Not API: use core/regex.hpp.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "weft/core/char_set.hpp"
#include "weft/core/config.hpp"
#include "weft/core/regex_flavor.hpp"

namespace weft::detail {

enum class RegexKind : std::uint8_t {
  nothing,     ///< matches the empty text
  chars,       ///< one code point of `set`
  sequence,    ///< the kids, one after the other
  choice,      ///< the first kid that leads to a match
  repeat,      ///< the kid, min to max times
  look_ahead,  ///< what follows matches the kid (or does not); consumes nothing
  look_behind,  ///< a code point of `set` stands before (or none does)
  text_begin,
  text_end,
  line_begin,
  word_boundary  ///< just one of the neighbours is of `set`
};

enum class RegexGreed : std::uint8_t { greedy, lazy, possessive };

/// max of a repeat without an upper bound.
inline constexpr std::uint32_t regex_unbounded = 0xFFFFFFFF;

struct RegexNode {
  RegexKind kind = RegexKind::nothing;
  RegexGreed greed = RegexGreed::greedy;
  bool negative = false;       ///< of a look-ahead, a look-behind or a word boundary
  std::uint32_t min = 0, max = 0;
  CharSet set{};
  std::vector<RegexNode> kids{};
};

/// Throws Error(format) for what is no regular expression and Error(unsupported) for what this engine cannot do in linear
/// time (look-behind over more than a code point, back references, possessive groups), naming the byte's position. Nesting is limited to 100.
RegexNode parse_regex(std::string_view pattern, RegexFlavor flavor);

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/core/regex_syntax.ipp"
#endif
