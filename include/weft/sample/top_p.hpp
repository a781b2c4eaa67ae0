// Nucleus (top-p) sampling: keeps the smallest set of most likely tokens whose probability reaches p.
#pragma once

#include "weft/core/error.hpp"
#include "weft/sample/select.hpp"
#include "weft/sample/step.hpp"

namespace weft {

struct TopP : Narrowing {
  static constexpr bool runs_apart = true, keeps_to_list = true;
  static constexpr bool follows_history = true;
  float p = 1;
  detail::Candidates candidates{};

  void prepare(std::size_t vocab, std::size_t) {
    if (p < 1) candidates.reserve(vocab, vocab);
  }
  void operator()(std::span<float> logits, const StepContext& context);
};

/// Excludes all but the most likely tokens whose probabilities, summed from the greatest down, first reach p.
/// p in (0, 1]; p = 1 keeps all. At least one token always survives. Ties at the border: the lowest ids stay.
/// Throws weft::Error(argument) for p outside (0, 1], and for NaN in the logits. O(vocab) on average: only tokens
/// that can be in the nucleus are ever ordered. Source: Holtzman et al. 2020, arXiv:1904.09751; TopPLogitsWarper.
inline TopP top_p(float p) {
  if (!(p > 0 && p <= 1)) fail(ErrorKind::argument, "top_p(", p, "): expected a probability in (0, 1]");
  TopP made;
  made.p = p;
  return made;
}

inline void TopP::operator()(std::span<float> logits, const StepContext& context) {
  if (p == 1) return;
  const detail::Survey survey(logits, context.live, detail::Look::weights);
  const float max = survey.max;
  if (std::isinf(max)) return survey.exclude_below(logits, max);  // all excluded, or infinite ones that share everything
  const double mass = static_cast<double>(p) * survey.weight;
  detail::exclude_after(logits, candidates.nucleus(survey, mass), survey);
}

}  // namespace weft
