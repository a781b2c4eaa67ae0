// Log-probabilities from logits.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

namespace weft {

/// log(sum(exp(x))) in double, stable for any finite x; -inf entries count as nothing. x must not be empty.
inline double log_sum_exp(std::span<const float> x) noexcept {
  const double top = *std::max_element(x.begin(), x.end());
  if (!(top > -std::numeric_limits<double>::infinity())) return top;
  double sum = 0;
  for (const float value : x) sum += std::exp(static_cast<double>(value) - top);
  return top + std::log(sum);
}

/// log softmax(x)[i].
inline double log_prob(std::span<const float> x, std::size_t i) noexcept { return static_cast<double>(x[i]) - log_sum_exp(x); }

}  // namespace weft
