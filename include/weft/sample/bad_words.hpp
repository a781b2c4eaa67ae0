// Bad words: runs of tokens that may not occur.
#pragma once

#include "weft/core/config.hpp"
#include "weft/sample/sequence_bias.hpp"
#include "weft/sample/softmax.hpp"

namespace weft {

struct BadWords : Narrowing {
  static constexpr bool runs_apart = true;
  detail::SequenceEnds ends{};
  void operator()(std::span<float> logits, const StepContext& context) const;
};

/// Excludes the token that would complete one of the words (token runs). A word that is an end token of the generation
/// is passed over, as in Hugging Face. Errors and cost as sequence_bias().
/// Source: NoBadWordsLogitsProcessor of transformers (bad_words_ids).
BadWords bad_words(std::vector<std::vector<Token>> words);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/sample/bad_words.ipp"
#endif
