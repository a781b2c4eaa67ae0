// Adaptive-p: prefers tokens whose probability is near a target, which moves so that the average of the chosen ones meets it.
#pragma once

#include <cmath>

#include "weft/core/config.hpp"
#include "weft/core/error.hpp"
#include "weft/sample/chosen_before.hpp"

namespace weft {

namespace detail {

/// Decaying sums over the chosen tokens: of their probabilities, and of 1.
struct ProbabilityAverage {
  float sum = 0, weight = 0;
};

}  // namespace detail

struct AdaptiveP : Narrowing {
  static constexpr bool runs_apart = true, keeps_to_list = true;
  float target = 0.5f, decay = 0.9f;
  detail::ChosenBefore<detail::ProbabilityAverage> average{};

  void prepare(std::size_t vocab, std::size_t positions);
  void operator()(std::span<float> logits, const StepContext& context);
  void save(StateWriter& out) const;
  void load(StateReader& in);
};

/// Replaces every logit by 5 - 10 d^2 / (1 + d), d = |p - t| / 0.3, p the token's probability. t = 2 target - average,
/// in [0, 1]: the average of the chosen tokens' probabilities (before this step), the last one weighing 1, the
/// one before `decay`, and so on, and all that came before the text as if at the target. target in [0, 1], decay in
/// [0, 0.99]. Stands best after a truncation such as min_p() and before draw(). Its state is kept as mirostat()'s.
/// Throws weft::Error(argument) otherwise, and for NaN in the logits. O(vocab).
/// Source: llama.cpp's adaptive-p (ggml-org/llama.cpp#17927).
inline AdaptiveP adaptive_p(float target, float decay = 0.9f) {
  if (!(target >= 0 && target <= 1) || !(decay >= 0 && decay <= 0.99f))
    fail(ErrorKind::argument, "adaptive_p(", target, ", ", decay,
         "): expected a target in [0, 1] and a decay in [0, 0.99]");
  AdaptiveP made;
  made.target = target;
  made.decay = decay;
  return made;
}

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/sample/adaptive_p.ipp"
#endif
