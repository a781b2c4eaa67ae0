// Encoder-repetition penalty: makes the tokens of a source text more likely, against hallucination.
#pragma once

#include <algorithm>

#include "weft/core/config.hpp"
#include "weft/sample/repetition_penalty.hpp"

namespace weft {

struct EncoderRepetitionPenalty : Narrowing {
  static constexpr bool runs_apart = true;
  float penalty = 1;
  std::vector<Token> source{};  ///< each token once
  void operator()(std::span<float> logits, std::span<const Token>) const;
};

/// Multiplies the positive logits of the source's tokens by `penalty` and divides negative ones, each token once: above 1
/// the text keeps closer to the source. penalty > 0. Throws weft::Error(argument) otherwise, and, when applied, for a
/// token outside the vocabulary. Source: EncoderRepetitionPenaltyLogitsProcessor of transformers (the paper's penalty,
/// inverted), whose source is what the encoder read.
EncoderRepetitionPenalty encoder_repetition_penalty(float penalty, std::vector<Token> source);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/sample/encoder_repetition_penalty.ipp"
#endif
