// Top-n-sigma sampling: keeps the logits within n standard deviations of the greatest.
#pragma once

#include <cmath>

#include "weft/core/error.hpp"
#include "weft/sample/softmax.hpp"
#include "weft/sample/step.hpp"

namespace weft {

namespace detail {

/// Standard deviation (of the population) of the logits that are not excluded; max: the greatest, finite. O(vocab).
inline double deviation(std::span<const float> logits, float max, const Live* live) noexcept {
  const auto m = moments_of(logits, max, live);
  return std::sqrt(std::max(0.0, m.squares / m.count - m.sum / m.count * (m.sum / m.count)));
}

}  // namespace detail

struct TopNSigma : Narrowing {
  static constexpr bool runs_apart = true, keeps_to_list = true;
  float n = 1;
  void operator()(std::span<float> logits, const StepContext& context) const {
    const float max = detail::greatest(logits, context.live);
    if (std::isinf(max)) return detail::exclude_below(logits, max, context.live);
    const double width = static_cast<double>(n) * detail::deviation(logits, max, context.live);
    detail::exclude_below(logits, max - static_cast<float>(width), context.live);
  }
};

/// Excludes logits below max - n sigma, sigma their standard deviation over all that are not excluded. The survivors are
/// the same at any temperature. n > 0. Throws weft::Error(argument) otherwise, and for NaN in the logits. O(vocab).
/// Source: Tang et al. 2024, arXiv:2411.07641; llama.cpp's top-n-sigma.
inline TopNSigma top_n_sigma(float n) {
  if (!(n > 0) || std::isinf(n)) fail(ErrorKind::argument, "top_n_sigma(", n, "): expected a finite number above 0");
  TopNSigma made;
  made.n = n;
  return made;
}

}  // namespace weft
