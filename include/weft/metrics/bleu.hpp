// BLEU: how much of a text's n-grams its references have.
// Sources: Papineni et al. 2002, "BLEU: a method for automatic evaluation of machine translation"; smoothing: Chen and Cherry 2014, "A
// systematic comparison of smoothing techniques for sentence-level BLEU"; self-BLEU: Zhu et al. 2018, arXiv:1802.01886.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/core/token.hpp"

namespace weft {

/// What is done about an n of which no n-gram matches, whose logarithm would be -infinity.
enum class BleuSmoothing {
  none,        ///< BLEU is 0
  floor,       ///< `value` matches instead of none (Chen and Cherry's method 1; sacrebleu: floor)
  add_k,       ///< `value` more matches and n-grams for n above 1 (method 2, Lin and Och 2004; sacrebleu: add-k)
  exponential  ///< 1/2 match, for the next such n 1/4, and so on (method 3, NIST's mteval; sacrebleu: exp)
};

struct BleuOptions {
  BleuSmoothing smoothing = BleuSmoothing::none;
  double value = 0;              ///< of floor and add_k; 0 stands for the usual: 0.1 and 1
  bool effective_order = false;  ///< n goes no further than the text's own length: for texts shorter than max_n
};

/// What BLEU is made from. The counts of a corpus are the sum of those of its texts.
struct BleuCounts {
  std::vector<std::size_t> matches{}, ngrams{};  ///< [max_n]: n-grams of the text that references have, and all
  std::size_t length = 0, reference_length = 0;  ///< in tokens; of the reference closest in length, of equally close ones the shorter

  BleuCounts& operator+=(const BleuCounts& other);
};

/// Counts of one text: an n-gram matches at most as often as it occurs in the reference that has most of it.
/// Throws Error(argument) for max_n = 0 and where there is no reference.
BleuCounts bleu_counts(std::span<const Token> text, std::span<const std::vector<Token>> references, std::size_t max_n = 4);

/// min(1, exp(1 - reference_length / length)) times the geometric mean of matches / ngrams, in [0, 1]: 100 times this is sacrebleu's
/// score of the same tokens. 0 where nothing matches at all.
double bleu(const BleuCounts& counts, const BleuOptions& options = {});

/// The mean BLEU of each text with all others as its references: 1 where all are the same, near 0 where they have little in common.
/// The default smooths as Zhu et al.'s code does. Throws Error(argument) for fewer than two texts.
double self_bleu(std::span<const std::vector<Token>> texts, std::size_t max_n = 4,
                 const BleuOptions& options = {.smoothing = BleuSmoothing::floor, .value = 0.1, .effective_order = true});

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/metrics/bleu.ipp"
#endif
