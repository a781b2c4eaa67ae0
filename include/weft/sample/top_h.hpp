// Top-h sampling: keeps the most likely tokens as long as they bear no more than a share of the entropy.
#pragma once

#include "weft/core/error.hpp"
#include "weft/sample/select.hpp"
#include "weft/sample/step.hpp"

namespace weft {

struct TopH : Narrowing {
  static constexpr bool runs_apart = true, keeps_to_list = true;
  static constexpr bool follows_history = true;
  float share = 1;
  detail::Candidates candidates{};
  std::vector<detail::Ranked> best{};

  static constexpr std::size_t considered = 100;  ///< as in Hugging Face: only so many of the best can survive

  void prepare(std::size_t vocab, std::size_t) {
    candidates.reserve(vocab, 2 * considered);
    best.reserve(considered);
  }
  void operator()(std::span<float> logits, const StepContext& context);
};

/// Of the 100 most likely tokens, with their probabilities renormalised and entropy H, keeps those, from the best down,
/// whose terms -p log p sum to at most h H. The most likely one always stays. h in (0, 1].
/// Throws weft::Error(argument) otherwise, and for NaN in the logits. O(vocab).
/// Source: Baghaei Potraghloo et al. 2025, arXiv:2509.02510; TopHLogitsWarper of transformers (top_h).
inline TopH top_h(float h) {
  if (!(h > 0 && h <= 1)) fail(ErrorKind::argument, "top_h(", h, "): expected a share in (0, 1]");
  TopH made;
  made.share = h;
  return made;
}

inline void TopH::operator()(std::span<float> logits, const StepContext& context) {
  const detail::Survey survey(logits, context.live, detail::Look::peaks);
  const float max = survey.max;
  if (std::isinf(max)) return survey.exclude_below(logits, max);
  candidates.rank(survey, considered, best);
  double weight = 0, mean = 0, weights[considered];
  for (std::size_t i = 0; i < best.size(); ++i) {
    const double d = static_cast<double>(best[i].value) - static_cast<double>(max);
    weights[i] = std::exp(d);
    weight += weights[i];
    mean += weights[i] * d;
  }
  const double log_weight = std::log(weight);
  const double limit = static_cast<double>(share) * (log_weight - mean / weight);
  double sum = 0;
  auto last = best.front();
  for (std::size_t i = 0; i < best.size(); ++i) {
    const double log_p = static_cast<double>(best[i].value) - static_cast<double>(max) - log_weight;
    sum -= weights[i] / weight * log_p;
    // a share of 1 is meant to keep all: the two ways to sum the entropy differ in the last bits
    if (sum > limit * (1 + 1e-12)) break;
    last = best[i];
  }
  detail::exclude_after(logits, candidates.behind(last), survey);
}

}  // namespace weft
