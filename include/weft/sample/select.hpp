// Selection without sorting a vocabulary: the k-th greatest value, the greatest n with their ids, the likeliest that bear a share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
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

/// The lowest id whose logit is `value`, which is the greatest.
Token first_equal(std::span<const float> logits, float value, const Live* live = nullptr) noexcept;

/// Where a selection ends.
struct Border {
  Ranked last;        ///< the last that is in
  bool tied = false;  ///< others of the same value come after it
};
/// Excludes all tokens that come after the border in the order of rank, of logits that were surveyed: the survey ends with that.
inline void exclude_after(std::span<float> logits, const Border& border, const Survey& survey) {
  const Ranked& last = border.last;
  survey.exclude_below(logits, last.value);
  if (!border.tied) return;
  const float below = just_below(last.value);
  for_each_above(logits, below, [&](std::size_t i) {
    if (logits[i] == last.value && static_cast<Token>(i) > last.id) logits[i] = excluded;
  }, survey.list());
}

/// Tokens in order of id, with what they are ranked by and what they weigh.
class Candidates {
 public:
  /// Room for n candidates of a vocabulary.
  void reserve(std::size_t vocab, std::size_t n);
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] float value(std::size_t i) const noexcept { return values_[i]; }
  [[nodiscard]] Token id(std::size_t i) const noexcept { return ids_[i]; }

  /// Those of a survey that are above the bound, and not above `high`, and what they weigh there.
  void take(const Survey& survey, float bound, float high = -excluded);
  /// Ranks them by how close they are to the centre instead of their logits: values are -|x - centre| then.
  void rank_by_distance(float centre) noexcept;
  /// What all of them weigh, or those with a value from the bound on.
  [[nodiscard]] double weight(float from = excluded) const noexcept { return weight_from(values_.data(), weights_.data(), padded(), from); }
  /// The k-th greatest of a survey; -inf if fewer are left. The candidates are that and what is greater, and a few more, without weights.
  [[nodiscard]] float kth(const Survey& survey, std::size_t k);
  /// The greatest n of a survey, best first, into `best`. They are among the candidates, which have no weights.
  void rank(const Survey& survey, std::size_t n, std::vector<Ranked>& best);
  /// The border behind `last`, one of the candidates, of which there are all that have its value.
  [[nodiscard]] Border behind(const Ranked& last) const noexcept;
  /// The border of a survey's tokens behind the first, in the order of rank, with which those before it and it weigh `mass`; behind the last one
  /// if all do not. The survey's greatest is finite.
  [[nodiscard]] Border nucleus(const Survey& survey, double mass);
  /// The border behind the first, in the order of rank, with which those before it and it weigh `mass`; behind the last one if all do not.
  /// At least one candidate. It is looked for from low to high, the greatest value. Drops others.
  [[nodiscard]] Border border(double mass, float low, float high);

 private:
  /// Those above the bound, and not above `high`, with their ids if they are wanted, not weighed.
  void collect(const Survey& survey, float bound, float high, bool with_ids);
  /// A guess at the value down to which those that are not above `high` weigh a share of what all of these do, by some of the blocks.
  [[nodiscard]] float guess(const Survey& survey, float high, double share);
  /// The border of so few that the first ones are soon found one by one.
  [[nodiscard]] Border border_of_few(double mass) const noexcept;
  static constexpr std::size_t few = 96;
  /// Drops those that are not near the border, which lies in [low, high), moves these, and says what the rest has to weigh.
  double narrow(double mass, float& low, float& high);
  /// Keeps the first n; behind them is what weighs nothing, up to a multiple of 64.
  void cut(std::size_t n) noexcept {
    size_ = n;
    std::fill(values_.data() + n, values_.data() + padded(), excluded);
    std::fill(weights_.data() + n, weights_.data() + padded(), 0.0f);
  }
  [[nodiscard]] std::size_t padded() const noexcept { return whole_scans(size_); }
  void grow(std::size_t n);

  std::vector<float> values_{}, weights_{};  // all three longer than size_, so that nothing is filled in vain
  std::vector<Token> ids_{};
  std::vector<std::uint32_t> list_{};  // of the sixteens they are in
  std::size_t size_ = 0;
};

/// Finds the greatest of logits, again and again, in memory that it takes once.
class Greatest {
 public:
  /// Room for the greatest n of a vocabulary.
  void reserve(std::size_t vocab, std::size_t n);
  /// The greatest n that are not excluded, best first; valid until the next call. Throws Error(argument) that names the first NaN.
  /// O(vocab + n log n) on average.
  std::span<const Ranked> find(std::span<const float> logits, std::size_t n);

 private:
  Live peaks_{};
  Candidates candidates_{};
  std::vector<Ranked> best_{};
};

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/sample/select.ipp"
#endif
