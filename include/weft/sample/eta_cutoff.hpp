// Eta sampling: a probability cutoff that falls where the distribution is flat.
#pragma once

#include "weft/sample/epsilon_cutoff.hpp"

namespace weft {

struct EtaCutoff : Narrowing {
  static constexpr bool runs_apart = true, keeps_to_list = true;
  float epsilon = 0;
  void operator()(std::span<float> logits, const StepContext& context) const {
    const detail::Survey survey(logits, context.live, detail::Look::spread);
    if (std::isinf(survey.max)) return survey.exclude_below(logits, survey.max);
    const double log_epsilon = std::log(static_cast<double>(epsilon));
    detail::cut_off(logits, survey, std::min(log_epsilon, log_epsilon / 2 - survey.entropy()));
  }
};

/// Excludes tokens with a probability below eta = min(epsilon, sqrt(epsilon) e^-H), H the entropy in nats; the most
/// likely one always stays. epsilon in (0, 1). Throws weft::Error(argument) otherwise, and for NaN in the logits. O(vocab).
/// Source: Hewitt, Manning, Liang 2022, arXiv:2210.15191; EtaLogitsWarper of transformers (eta_cutoff).
inline EtaCutoff eta_cutoff(float epsilon) {
  if (!(epsilon > 0 && epsilon < 1))
    fail(ErrorKind::argument, "eta_cutoff(", epsilon, "): expected a probability inside (0, 1)");
  EtaCutoff made;
  made.epsilon = epsilon;
  return made;
}

}  // namespace weft
