// Suppressed tokens: never chosen, or not as the first new token.
#pragma once

#include <vector>

#include "weft/sample/softmax.hpp"
#include "weft/sample/step.hpp"

namespace weft {

struct SuppressTokens : Narrowing {
  static constexpr bool runs_apart = true;
  std::vector<Token> tokens{};
  bool only_at_begin = false;
  void operator()(std::span<float> logits, const StepContext& context) const {
    if (only_at_begin && context.generated() > 0) return;
    for (const Token id : tokens) detail::logit_of(logits, id, "suppress_tokens") = detail::excluded;
  }
};

/// Excludes the tokens. Throws weft::Error(argument), when applied, for an id outside the vocabulary.
/// Source: SuppressTokensLogitsProcessor of transformers.
inline SuppressTokens suppress_tokens(std::vector<Token> tokens) {
  SuppressTokens made;
  made.tokens = std::move(tokens);
  return made;
}

/// Excludes the tokens while nothing has been generated. Errors as suppress_tokens().
/// Source: SuppressTokensAtBeginLogitsProcessor of transformers (begin_suppress_tokens).
inline SuppressTokens begin_suppress_tokens(std::vector<Token> tokens) {
  SuppressTokens made = suppress_tokens(std::move(tokens));
  made.only_at_begin = true;
  return made;
}

}  // namespace weft
