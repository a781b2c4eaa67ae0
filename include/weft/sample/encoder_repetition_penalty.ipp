// Definitions of sample/encoder_repetition_penalty.hpp.
#pragma once

#include "weft/sample/encoder_repetition_penalty.hpp"

namespace weft {

WEFT_INLINE void EncoderRepetitionPenalty::operator()(std::span<float> logits, std::span<const Token>) const {
  for (const Token id : source) {
    float& x = detail::logit_of(logits, id, "encoder_repetition_penalty");
    x = detail::penalised(x, 1 / penalty);
  }
}

WEFT_INLINE EncoderRepetitionPenalty encoder_repetition_penalty(float penalty, std::vector<Token> source) {
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
