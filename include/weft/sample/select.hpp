// Selection without sorting a vocabulary: the k-th greatest value, the greatest n with their ids.
#pragma once

#include <cstddef>
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

/// The k-th greatest of the values (k from 1 to their number). One pass: values above the bound are collected, and
/// when the buffer is full only its greatest k stay, which raises the bound. Keeps the buffer for the next call.
float kth_greatest(std::span<const float> values, std::size_t k, std::vector<float>& buffer);

/// The greatest n logits that are not excluded, best first, into `best` (cleared first). O(vocab + n log n) on average.
void greatest_n(std::span<const float> logits, std::size_t n, std::vector<Ranked>& best);

/// The lowest id whose logit is `value`, which occurs.
inline Token first_equal(std::span<const float> logits, float value) noexcept {
  const std::size_t blocks = logits.size() / softmax_block;
  // of what is at least the value, which is the greatest as a rule, some may be above it
  std::size_t i = next_block_above(logits.data(), 0, blocks, just_below(value)) * softmax_block;
  while (logits[i] != value) ++i;
  return static_cast<Token>(i);
}

/// Excludes all tokens that come after `last` in the order of rank.
inline void exclude_after(std::span<float> logits, const Ranked& last) noexcept {
  exclude_below(logits, last.value);
  const auto later = logits.subspan(static_cast<std::size_t>(last.id) + 1);
  const float below = just_below(last.value);
  for_each_above(later, below, [&](std::size_t i) {
    if (later[i] == last.value) later[i] = excluded;
  });
}

/// Puts the best of the candidates first: the first `half` of them, in any order, or all, in order.
void put_first(std::span<Ranked> candidates, std::size_t half) noexcept;
void rank(std::span<Ranked> candidates) noexcept;

/// The first of the candidates, in their order, with which the sum of weight(candidate) reaches `mass`; the last one if
/// it never does. At least one candidate. Halves them by rank until few are left: O(candidates) on average. Reorders.
template <class Weight>
Ranked mass_border(std::span<Ranked> candidates, double mass, Weight weight) {
  while (candidates.size() > 16) {
    const std::size_t half = candidates.size() / 2;
    put_first(candidates, half);
    double upper = 0;
    for (const auto& r : candidates.first(half)) upper += weight(r);
    if (upper >= mass) {
      candidates = candidates.first(half);
    } else {
      mass -= upper;
      candidates = candidates.subspan(half);
    }
  }
  rank(candidates);
  for (const auto& r : candidates) {
    mass -= weight(r);
    if (mass <= 0) return r;
  }
  return candidates.back();
}

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/sample/select.ipp"
#endif
