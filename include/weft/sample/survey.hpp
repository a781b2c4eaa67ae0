// One look at all logits: the greatest, what they weigh, their mean, and where the great ones are. What steps that cut are made of.
#pragma once

#include <cmath>
#include <span>
#include <vector>

#include "weft/sample/softmax.hpp"

namespace weft::detail {

/// What a survey finds out besides the peaks.
enum class Look { peaks, weights, spread };

/// Weights are e^(x - base), to 1e-7 and what e^x changes if x does by half a bit, 0 where that is below 1e-45. The same logits give the
/// same bits on every machine, with a list of what is left or without one. Valid until logits change.
class Survey {
 public:
  float max = excluded;  ///< the greatest; if it is infinite, nothing is weighed
  float base = 0;        ///< 0 where logits are weighed and the greatest is from -40 to 70, so that one look does; the greatest elsewhere
  double weight = 0;     ///< of all
  double mean = 0;       ///< Look::spread: expected logit, relative to max: sum of p (x - max), to a millionth of max

  /// Throws Error(argument) that names the first NaN. live, if any, keeps the peaks; without it they are allocated here.
  Survey(std::span<const float> logits, Live* live, Look look);
  Survey(const Survey&) = delete;
  Survey& operator=(const Survey&) = delete;

  /// log of the sum of e^(x - max).
  [[nodiscard]] double log_weight() const noexcept { return std::log(weight) - log_weight_of(max); }
  /// In nats: -sum p log p.
  [[nodiscard]] double entropy() const noexcept { return log_weight() - mean; }

  /// What the logarithm of a logit's weight is.
  [[nodiscard]] double log_weight_of(float logit) const noexcept {
    // e^v is 2^(v c) with c the float next to log2 e
    return (static_cast<double>(logit) - static_cast<double>(base)) * (static_cast<double>(0x1.715476p0f) * 0.6931471805599453);
  }
  /// Look::spread: how many tokens are not excluded.
  [[nodiscard]] std::size_t count_left() const noexcept;

  /// Excludes what is below the border, or not within `width` of the centre, in the logits that were surveyed: the survey ends with that.
  void exclude_below(std::span<float> logits, float border) const { detail::exclude_below(logits, border, list(), peaks_); }
  void exclude_outside(std::span<float> logits, float centre, float width) const { detail::exclude_outside(logits, centre, width, list(), peaks_); }
  /// The list of what is left that was given; null if there was none.
  [[nodiscard]] Live* list() const noexcept { return live_ == &own_ ? nullptr : live_; }

  /// How many peaks are above the bound: no more than logits, and as many where they are few.
  [[nodiscard]] std::size_t peaks_above(float bound) const noexcept;
  /// What those weigh that are above the bound.
  [[nodiscard]] double weight_above(float bound) const noexcept;
  /// A bound that at least k logits are above, and not many more; -inf where they are few.
  [[nodiscard]] float bound_of(std::size_t k) const noexcept;

  /// Calls f(x, blocks, peaks, id of x[0]) for the runs of blocks that may be alive; the last block is filled up with what is excluded.
  template <class F>
  void for_each_run(F f) const {
    const float* peaks = peaks_;
    live_->for_each_run(logits_.size() / softmax_block, [&](std::size_t begin, std::size_t end) {
      f(logits_.data() + begin * softmax_block, end - begin, peaks, begin * softmax_block);
      peaks += 16 * (end - begin);
    });
    if (const auto rest = rest_of(logits_); !rest.empty()) f(PaddedBlock(rest).logits, std::size_t{1}, peaks, logits_.size() - rest.size());
  }

 private:
  void weigh_all(bool with_mean);

  std::span<const float> logits_;
  Live own_{}, *live_;
  float* peaks_;           // [blocks that may be alive, and the rest][16], and up to a multiple of 64
  std::size_t count_ = 0;  // of the whole ones
  std::size_t partial_ = 0;  // of these, those that are known to have excluded logits, where all were weighed for their mean
};

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/sample/survey.ipp"
#endif
