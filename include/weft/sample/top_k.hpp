// Top-k sampling: keeps the k most likely tokens.
#pragma once

#include "weft/core/error.hpp"
#include "weft/sample/select.hpp"
#include "weft/sample/step.hpp"

namespace weft {

struct TopK : Narrowing {
  static constexpr bool runs_apart = true, keeps_to_list = true;
  static constexpr bool follows_history = true;
  std::size_t k = 1;
  detail::Candidates candidates{};

  void prepare(std::size_t vocab, std::size_t) {
    if (k < vocab) candidates.reserve(vocab, std::min(vocab, 2 * k));
  }
  void operator()(std::span<float> logits, const StepContext& context) {
    if (k >= logits.size()) return;
    const detail::Survey survey(logits, context.live, detail::Look::peaks);
    survey.exclude_below(logits, candidates.kth(survey, k));
  }
};

/// Excludes every token whose logit is below the k-th greatest; all that equal it stay, as in Hugging Face's
/// TopKLogitsWarper. k >= 1; k above the vocabulary keeps all. Throws weft::Error(argument) for k < 1, and for NaN in the logits.
/// O(vocab) on average. Source: Fan, Lewis, Dauphin 2018, arXiv:1805.04833.
inline TopK top_k(std::int64_t k) {
  if (k < 1) fail(ErrorKind::argument, "top_k(", k, "): expected at least 1; leave the step out to keep all tokens");
  TopK made;
  // more than any vocabulary is as good as all of it, and keeps 2 k within range
  made.k = static_cast<std::size_t>(std::min<std::int64_t>(k, std::int64_t{1} << 31));
  return made;
}

}  // namespace weft
