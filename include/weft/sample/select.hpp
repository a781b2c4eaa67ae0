// Selection without sorting a vocabulary: the k-th greatest value, the greatest n with their ids, the likeliest that bear a share.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "weft/core/token.hpp"
#include "weft/sample/survey.hpp"

namespace weft::detail {

/// A logit with its id. Order: greater first; equals by lower id, the library's rule for every tie.
struct Ranked {
  float value;
  Token id;
  friend bool operator<(const Ranked& a, const Ranked& b) noexcept {
    return a.value != b.value ? a.value > b.value : a.id < b.id;
  }
};

/// The k-th greatest of the values (k from 1 to their number). Values above a bound are collected, and when the buffer is full only its
/// greatest k stay, which raises the bound. Keeps the buffer for the next call.
float kth_greatest(std::span<const float> values, std::size_t k, std::vector<float>& buffer, const Live* live = nullptr);

/// A bound that at least k of the values are above, and not many more. -inf where the values are few.
float bound_of_k(std::span<const float> values, std::size_t k, const Live* live = nullptr) noexcept;

/// The greatest n logits that are not excluded, best first, into `best` (cleared first). O(vocab + n log n) on average.
void greatest_n(std::span<const float> logits, std::size_t n, std::vector<Ranked>& best, const Live* live = nullptr);

/// The lowest id whose logit is `value`, which is the greatest.
Token first_equal(std::span<const float> logits, float value, const Live* live = nullptr) noexcept;

/// Excludes all tokens that come after `last` in the order of rank.
inline void exclude_after(std::span<float> logits, const Ranked& last, Live* live = nullptr) {
  exclude_below(logits, last.value, live);
  const float below = just_below(last.value);
  for_each_above(logits, below, [&](std::size_t i) {
    if (logits[i] == last.value && static_cast<Token>(i) > last.id) logits[i] = excluded;
  }, live);
}

/// Tokens in order of id, with what they are ranked by and what they weigh.
struct Candidates {
  std::vector<float> values{}, weights{};
  std::vector<Token> ids{};

  void reserve(std::size_t vocab) {
    for (auto* v : {&values, &weights}) v->reserve(vocab + 2 * softmax_block);
    ids.reserve(vocab + 2 * softmax_block);
  }
  [[nodiscard]] std::size_t size() const noexcept { return ids.size(); }
  /// Those of a survey that are above the bound, and what they weigh there.
  void take(const Survey& survey, float bound);
  /// What all of them weigh.
  [[nodiscard]] double weight() const noexcept { return weight_from(values.data(), weights.data(), values.size(), excluded); }
  /// The first, in the order of rank, with which those before it and it weigh `mass`; the last one if all do not. At least one candidate.
  /// It is looked for from low to high, the greatest value. Drops others.
  [[nodiscard]] Ranked border(double mass, float low, float high);

  /// The k-th greatest of a survey; -inf if fewer are left.
  [[nodiscard]] float kth(const Survey& survey, std::size_t k);
  /// The greatest n of a survey, best first, into `best`.
  void rank(const Survey& survey, std::size_t n, std::vector<Ranked>& best);

 private:
  /// Drops those that are not near the border, which lies in [low, high), moves these, and says what the rest has to weigh.
  double narrow(double mass, float& low, float& high);
  /// Keeps the first n; behind them is what weighs nothing, up to a multiple of 64.
  void cut(std::size_t n) {
    ids.resize(n);
    for (auto* v : {&values, &weights}) v->resize(n);
    values.resize(whole_scans(n), excluded);
    weights.resize(whole_scans(n), 0.0f);
  }
};

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/sample/select.ipp"
#endif
