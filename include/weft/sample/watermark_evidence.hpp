// What a watermark detector says of a text.
#pragma once

#include <cmath>
#include <cstddef>

namespace weft {

/// Under the null hypothesis, a text written without the key, `marked` of `scored` is binomial with the share `expected`.
struct WatermarkEvidence {
  std::size_t scored = 0;  ///< trials: tokens (KGW), or tokens times depth (SynthID)
  std::size_t marked = 0;  ///< those that a marked text favours
  double expected = 0;     ///< share of marked under the null
  double z_score = 0;      ///< (marked - expected scored) / sqrt(scored expected (1 - expected)); 0 for no trials
  double p_value = 1;      ///< probability of as many marked, or more, under the null: exact
};

namespace detail {

/// P(X >= k), X binomial(n, p), p in (0, 1): the sum of its terms. O(n).
inline double binomial_tail(std::size_t n, std::size_t k, double p) {
  if (k == 0) return 1;
  double log_term = static_cast<double>(k) * std::log(p) + static_cast<double>(n - k) * std::log1p(-p);
  for (std::size_t i = 1; i <= k; ++i) log_term += std::log(static_cast<double>(n - k + i) / static_cast<double>(i));
  // terms relative to the first: they rise towards the mode, then fall
  double sum = 0, term = 1, scale = log_term;
  for (std::size_t i = k; i <= n; ++i) {
    sum += term;
    term *= static_cast<double>(n - i) / static_cast<double>(i + 1) * (p / (1 - p));
    if (sum > 1e200) {
      sum *= 1e-200;
      term *= 1e-200;
      scale += 200 * 2.302585092994046;
    }
  }
  return std::fmin(1.0, std::exp(scale + std::log(sum)));
}

inline WatermarkEvidence evidence_of(std::size_t scored, std::size_t marked, double expected) {
  WatermarkEvidence evidence;
  evidence.scored = scored;
  evidence.marked = marked;
  evidence.expected = expected;
  if (scored == 0) return evidence;
  const auto n = static_cast<double>(scored);
  evidence.z_score = (static_cast<double>(marked) - expected * n) / std::sqrt(n * expected * (1 - expected));
  evidence.p_value = binomial_tail(scored, marked, expected);
  return evidence;
}

}  // namespace detail
}  // namespace weft
