// Definitions of sample/select.hpp.
#pragma once

#include <algorithm>
#include <functional>

#include "weft/core/config.hpp"
#include "weft/sample/select.hpp"

namespace weft::detail {

WEFT_INLINE float kth_greatest(std::span<const float> values, std::size_t k, std::vector<float>& buffer) {
  const std::size_t capacity = std::max<std::size_t>(2 * k, k + 64);
  buffer.clear();
  buffer.reserve(capacity);
  float bound = excluded;
  const auto shrink = [&] {
    const auto kth = buffer.begin() + static_cast<std::ptrdiff_t>(k - 1);
    std::nth_element(buffer.begin(), kth, buffer.end(), std::greater<>());
    buffer.resize(k);
    bound = buffer[k - 1];
  };
  for_each_above(values, bound, [&](std::size_t i) {
    buffer.push_back(values[i]);
    if (buffer.size() == capacity) shrink();
  });
  if (buffer.size() < k) return excluded;  // fewer than k are above -inf
  shrink();
  return bound;
}

WEFT_INLINE void greatest_n(std::span<const float> logits, std::size_t n, std::vector<Ranked>& best) {
  best.clear();
  if (n == 0) return;
  const std::size_t capacity = 2 * n + 64;
  best.reserve(capacity);
  float bound = excluded;
  const auto shrink = [&] {
    if (best.size() > n) {
      std::nth_element(best.begin(), best.begin() + static_cast<std::ptrdiff_t>(n - 1), best.end());
      best.resize(n);
      bound = best[n - 1].value;  // a later equal has a higher id, so it loses: strictly above is right
    }
  };
  for_each_above(logits, bound, [&](std::size_t id) {
    best.push_back({logits[id], static_cast<Token>(id)});
    if (best.size() == capacity) shrink();
  });
  shrink();
  std::sort(best.begin(), best.end());
}

WEFT_INLINE void put_first(std::span<Ranked> candidates, std::size_t half) noexcept {
  std::nth_element(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(half), candidates.end());
}

WEFT_INLINE void rank(std::span<Ranked> candidates) noexcept { std::sort(candidates.begin(), candidates.end()); }

}  // namespace weft::detail
