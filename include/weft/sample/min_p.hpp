// Min-p sampling: keeps the tokens that are at least p times as likely as the best.
#pragma once

#include <cmath>

#include "weft/core/error.hpp"
#include "weft/sample/survey.hpp"
#include "weft/sample/step.hpp"

namespace weft {

struct MinP : Narrowing {
  static constexpr bool runs_apart = true, keeps_to_list = true;
  float p = 0;
  void operator()(std::span<float> logits, const StepContext& context) const {
    if (p == 0) return;
    const detail::Survey survey(logits, context.live, detail::Look::peaks);
    survey.exclude_below(logits, survey.max + std::log(p));  // p_i >= p * p_max, without a softmax
  }
};

/// Excludes tokens whose probability is below p times that of the most likely one. p in [0, 1]; 0 keeps all.
/// Throws weft::Error(argument) for p outside [0, 1], and for NaN in the logits. O(vocab).
/// Source: Nguyen et al. 2024, arXiv:2407.01082; MinPLogitsWarper of transformers.
inline MinP min_p(float p) {
  if (!(p >= 0 && p <= 1)) fail(ErrorKind::argument, "min_p(", p, "): expected a share in [0, 1]");
  MinP made;
  made.p = p;
  return made;
}

}  // namespace weft
