// N-grams of a text, and how varied they make it. Texts are ids: tokens of a model, or words that someone has numbered.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/core/token.hpp"

namespace weft {

struct NgramCount {
  std::span<const Token> ngram{};  ///< looks into the text
  std::size_t count = 0;
};

/// The different n-grams of a text, in lexicographic order, with how often each occurs. Empty where the text is shorter than n.
/// Throws Error(argument) for n = 0. O(n m log m) for m tokens.
std::vector<NgramCount> count_ngrams(std::span<const Token> text, std::size_t n);

/// distinct-n: different n-grams of all texts together over all their n-grams, in (0, 1]; 1 where there are none.
/// Throws Error(argument) for n = 0. Source: Li et al. 2016, arXiv:1510.03055, section 5.
double distinct_n(std::span<const std::vector<Token>> texts, std::size_t n);

/// seq-rep-n: the share of a text's n-grams that occurred in it before, 1 - |different n-grams| / |n-grams|, in [0, 1).
/// Throws Error(argument) for n = 0. Source: Welleck et al. 2020, arXiv:1908.04319, equation 9.
double seq_rep_n(std::span<const Token> text, std::size_t n);

/// rep/l of a text that follows `context`: the share of its tokens that are among the `window` tokens right before them, in [0, 1]; 0 for
/// an empty text. Throws Error(argument) for window = 0. Source: Welleck et al. 2020, arXiv:1908.04319, equation 8 (of tokens that
/// were generated, where the paper looks at the likeliest ones). O(m log window).
double rep_l(std::span<const Token> context, std::span<const Token> text, std::size_t window);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/metrics/ngrams.ipp"
#endif
