// Selection without sorting a vocabulary: the k-th greatest value, the greatest n with their ids.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "weft/core/token.hpp"
#include "weft/sample/softmax.hpp"

namespace weft::detail {

/// A logit with its id. Order: greater first; equals by lower id, the library's rule for every tie.
struct Ranked {
  float value;
  Token id;
  friend bool operator<(const Ranked& a, const Ranked& b) noexcept {
    return a.value != b.value ? a.value > b.value : a.id < b.id;
  }
};

/// True if one of the four logits at x is above the bound: lets a scan skip what cannot matter.
inline bool any_above(const float* x, float bound) noexcept { return any_lane(load_lanes(x) > bound); }

/// The k-th greatest of the values (k from 1 to their number). One pass: values above the bound are collected, and
/// when the buffer is full only its greatest k stay, which raises the bound. Keeps the buffer for the next call.
inline float kth_greatest(std::span<const float> values, std::size_t k, std::vector<float>& buffer) {
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
  const auto offer = [&](float x) {
    if (!(x > bound)) return;
    buffer.push_back(x);
    if (buffer.size() == capacity) shrink();
  };
  std::size_t i = 0;
  for (; i + 4 <= values.size(); i += 4)
    if (any_above(values.data() + i, bound))
      for (std::size_t j = i; j < i + 4; ++j) offer(values[j]);
  for (; i < values.size(); ++i) offer(values[i]);
  if (buffer.size() < k) return excluded;  // fewer than k are above -inf
  shrink();
  return bound;
}

/// The greatest n logits that are not excluded, best first, into `best` (cleared first). O(vocab + n log n) on average.
inline void greatest_n(std::span<const float> logits, std::size_t n, std::vector<Ranked>& best) {
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
  const auto offer = [&](std::size_t id) {
    if (!(logits[id] > bound)) return;
    best.push_back({logits[id], static_cast<Token>(id)});
    if (best.size() == capacity) shrink();
  };
  std::size_t i = 0;
  for (; i + 4 <= logits.size(); i += 4)
    if (any_above(logits.data() + i, bound))
      for (std::size_t j = i; j < i + 4; ++j) offer(j);
  for (; i < logits.size(); ++i) offer(i);
  shrink();
  std::sort(best.begin(), best.end());
}

/// The lowest id whose logit is `value`, which occurs.
inline Token first_equal(std::span<const float> logits, float value) noexcept {
  std::size_t i = 0;
  const Lanes wanted = all_lanes(value);
  while (i + 4 <= logits.size() && !any_lane(load_lanes(logits.data() + i) == wanted)) i += 4;
  while (logits[i] != value) ++i;
  return static_cast<Token>(i);
}

/// Excludes all tokens that come after `last` in the order of rank.
inline void exclude_after(std::span<float> logits, const Ranked& last) noexcept {
  exclude_below(logits, last.value);
  const auto later = logits.subspan(static_cast<std::size_t>(last.id) + 1);
  const Lanes value = all_lanes(last.value);
  for_each_lane(
      later, [&](Lanes x) { return x == value; }, [&](std::size_t i) { later[i] = excluded; });
}

/// The first of the candidates, in their order, with which the sum of weight(candidate) reaches `mass`; the last one if
/// it never does. At least one candidate. Halves them by rank until few are left: O(candidates) on average. Reorders.
template <class Weight>
Ranked mass_border(std::span<Ranked> candidates, double mass, Weight weight) {
  while (candidates.size() > 16) {
    const std::size_t half = candidates.size() / 2;
    std::nth_element(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(half), candidates.end());
    double upper = 0;
    for (const auto& r : candidates.first(half)) upper += weight(r);
    if (upper >= mass) {
      candidates = candidates.first(half);
    } else {
      mass -= upper;
      candidates = candidates.subspan(half);
    }
  }
  std::sort(candidates.begin(), candidates.end());
  for (const auto& r : candidates) {
    mass -= weight(r);
    if (mass <= 0) return r;
  }
  return candidates.back();
}

}  // namespace weft::detail
