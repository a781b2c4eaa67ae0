// Encoder-repetition penalty: makes the tokens of a source text more likely, against hallucination.
#pragma once

#include <algorithm>

#include "weft/sample/repetition_penalty.hpp"

namespace weft {

struct EncoderRepetitionPenalty : Narrowing {
  float penalty = 1;
  std::vector<Token> source{};  ///< each token once
  void operator()(std::span<float> logits, std::span<const Token>) const {
    for (const Token id : source) {
      float& x = detail::logit_of(logits, id, "encoder_repetition_penalty");
      x = detail::penalised(x, 1 / penalty);
    }
  }
};

/// Multiplies the positive logits of the source's tokens by `penalty` and divides negative ones, each token once: above 1
/// the text keeps closer to the source. penalty > 0. Throws weft::Error(argument) otherwise, and, when applied, for a
/// token outside the vocabulary. Source: EncoderRepetitionPenaltyLogitsProcessor of transformers (the paper's penalty,
/// inverted), whose source is what the encoder read.
inline EncoderRepetitionPenalty encoder_repetition_penalty(float penalty, std::vector<Token> source) {
  if (!(penalty > 1e-30f) || penalty > 1e30f)
    fail(ErrorKind::argument, "encoder_repetition_penalty(", penalty,
         "): expected a finite number above 0 (1 changes nothing)");
  std::sort(source.begin(), source.end());
  source.erase(std::unique(source.begin(), source.end()), source.end());
  EncoderRepetitionPenalty made;
  made.penalty = penalty;
  made.source = std::move(source);
  return made;
}

}  // namespace weft
