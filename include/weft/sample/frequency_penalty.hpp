// Frequency penalty: makes a token less likely each time it was generated.
#pragma once

#include <cmath>

#include "weft/core/error.hpp"
#include "weft/sample/token_counts.hpp"

namespace weft {

struct FrequencyPenalty : Narrowing {
  static constexpr bool runs_apart = true;
  static constexpr bool follows_history = true;
  float penalty = 0;
  detail::TokenCounts counts{};

  void prepare(std::size_t vocab, std::size_t positions) { counts.prepare(vocab, positions); }
  void operator()(std::span<float> logits, const StepContext& context) {
    if (penalty == 0) return;
    counts.update(logits.size(), context, context.prompt_length);
    for (const Token id : counts.distinct())
      logits[static_cast<std::size_t>(id)] -= penalty * static_cast<float>(counts.of(id));
  }
};

/// Subtracts penalty times the number of its occurrences among the generated tokens (not the prompt) from a token's
/// logit. Any finite penalty; below 0 encourages repetition. Throws weft::Error(argument) otherwise.
/// O(new tokens + distinct tokens) a step. Source: the frequency_penalty of OpenAI's API and of vLLM.
inline FrequencyPenalty frequency_penalty(float penalty) {
  if (!(std::fabs(penalty) <= 1e30f))
    fail(ErrorKind::argument, "frequency_penalty(", penalty, "): expected a finite number (0 changes nothing)");
  FrequencyPenalty made;
  made.penalty = penalty;
  return made;
}

}  // namespace weft
