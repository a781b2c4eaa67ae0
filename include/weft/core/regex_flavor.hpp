// Engines disagree on what some patterns mean: which of them is followed.
// Source: Oniguruma 6.9 (doc/RE, ONIG_SYNTAX_RUBY), compared with it through the `tokenizers` library.
#pragma once

#include <cstdint>

namespace weft {

/// Whose reading of a pattern counts where they differ.
enum class RegexFlavor : std::uint8_t {
  common,  ///< what Perl, Python and Rust agree on
  /// Oniguruma with Ruby's syntax, as in tokenizer.json: ^ and $ are the ends of lines, \Z may stand before the last line end, (?m) lets '.'
  /// be one, x{1,3}+ repeats x{1,3}, x{2}? is x{2} or nothing, \h is a hexadecimal digit, \w has no joiners, but outside of sets
  /// the digits and fractions that Latin-1 raises
  oniguruma
};

}  // namespace weft
