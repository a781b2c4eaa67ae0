// Epsilon sampling: keeps the tokens whose probability is at least epsilon.
#pragma once

#include <algorithm>
#include <cmath>

#include "weft/core/error.hpp"
#include "weft/sample/step.hpp"
#include "weft/sample/survey.hpp"

namespace weft {

namespace detail {

/// Excludes tokens less likely than e^log_share; the most likely one always stays.
inline void cut_off(std::span<float> logits, const Survey& survey, double log_share) {
  survey.exclude_below(logits, survey.max + static_cast<float>(std::min(0.0, survey.log_weight() + log_share)));
}

}  // namespace detail

struct EpsilonCutoff : Narrowing {
  static constexpr bool runs_apart = true, keeps_to_list = true;
  float epsilon = 0;
  void operator()(std::span<float> logits, const StepContext& context) const {
    const detail::Survey survey(logits, context.live, detail::Look::weights);
    if (std::isinf(survey.max)) return survey.exclude_below(logits, survey.max);
    detail::cut_off(logits, survey, std::log(static_cast<double>(epsilon)));
  }
};

/// Excludes tokens with a probability below epsilon; the most likely one always stays. epsilon in (0, 1).
/// Throws weft::Error(argument) otherwise, and for NaN in the logits. O(vocab).
/// Source: Hewitt, Manning, Liang 2022, arXiv:2210.15191; EpsilonLogitsWarper of transformers (epsilon_cutoff).
inline EpsilonCutoff epsilon_cutoff(float epsilon) {
  if (!(epsilon > 0 && epsilon < 1))
    fail(ErrorKind::argument, "epsilon_cutoff(", epsilon, "): expected a probability inside (0, 1)");
  EpsilonCutoff made;
  made.epsilon = epsilon;
  return made;
}

}  // namespace weft
