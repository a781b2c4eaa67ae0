// Bias: adds a number to the logits of chosen tokens; -infinity forbids one.
#pragma once

#include <cmath>
#include <vector>

#include "weft/core/error.hpp"
#include "weft/sample/step.hpp"

namespace weft {

struct TokenBias {
  Token token = 0;
  float value = 0;
};

struct Bias : Narrowing {
  static constexpr bool runs_apart = true;
  std::vector<TokenBias> biases{};
  void operator()(std::span<float> logits, std::span<const Token>) const {
    for (const auto& b : biases) detail::logit_of(logits, b.token, "bias") += b.value;
  }
};

/// bias({{token, value}, ...}): adds value (in nats; -infinity forbids the token) to the logit of each token.
/// Throws weft::Error(argument) for NaN or +infinity, and, when applied, for an id outside the vocabulary.
/// Source: the logit_bias of most engines; SequenceBiasLogitsProcessor of transformers for runs of one token.
inline Bias bias(std::vector<TokenBias> biases) {
  for (const auto& b : biases)
    if (std::isnan(b.value) || b.value > 3e38f)
      fail(ErrorKind::argument, "bias of ", b.value, " on token ", b.token, ": expected a finite number or -infinity");
  Bias made;
  made.biases = std::move(biases);
  return made;
}

}  // namespace weft
