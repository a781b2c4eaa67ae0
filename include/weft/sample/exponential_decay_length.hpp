// Exponential length decay: after a number of new tokens the end becomes ever more likely.
#pragma once

#include <cmath>

#include "weft/core/error.hpp"
#include "weft/sample/step.hpp"

namespace weft {

struct ExponentialDecayLength : Narrowing {
  static constexpr bool runs_apart = true;
  std::size_t start = 0;
  double factor = 1;
  void operator()(std::span<float> logits, const StepContext& context) const {
    const std::size_t begin = context.prompt_length + start;
    if (context.position() <= begin) return;
    const double grown = std::pow(factor, static_cast<double>(context.position() - begin)) - 1;
    for (const Token id : context.end_tokens) {
      if (id < 0 || static_cast<std::size_t>(id) >= logits.size()) continue;
      float& x = logits[static_cast<std::size_t>(id)];
      // an excluded end stays so; a sum beyond float would be certainty with nothing to compare
      if (std::isfinite(x))
        x = static_cast<float>(std::min(static_cast<double>(x) + std::fabs(static_cast<double>(x)) * grown, 3e38));
    }
  }
};

/// Adds |x| (factor^(n - start) - 1) to the logit x of every end token once n > start tokens are new. start >= 0,
/// factor > 0; below 1 the end becomes less likely. Throws weft::Error(argument) otherwise.
/// Source: ExponentialDecayLengthPenalty of transformers.
inline ExponentialDecayLength exponential_decay_length(std::int64_t start, double factor) {
  if (start < 0 || !(factor > 0) || std::isinf(factor))
    fail(ErrorKind::argument, "exponential_decay_length(", start, ", ", factor,
         "): expected a start of 0 or more and a finite factor above 0");
  ExponentialDecayLength made;
  made.start = static_cast<std::size_t>(start);
  made.factor = factor;
  return made;
}

}  // namespace weft
