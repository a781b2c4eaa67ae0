// Definitions of sample/survey.hpp.
#pragma once

#include <algorithm>

#include "weft/core/config.hpp"
#include "weft/sample/survey.hpp"

namespace weft::detail {

WEFT_INLINE Survey::Survey(std::span<const float> logits, Live* live, Look look) : logits_(logits), live_(live ? live : &own_) {
  const std::size_t blocks = logits.size() / softmax_block;
  live_->for_each_run(blocks, [&](std::size_t begin, std::size_t end) { count_ += end - begin; });
  const std::size_t padded = count_ + !rest_of(logits).empty();
  peaks_ = live_->peaks(padded * 16 + scan_block);
  std::fill_n(peaks_ + padded * 16, scan_block, excluded);
  if (look != Look::peaks) {
    weigh_all(look == Look::spread);
    if (max >= -40 && max <= 70) {
      if (std::isnan(weight)) fail_nan(logits);
      mean = mean / weight - static_cast<double>(max);
      return;
    }
  }
  bool broken = false;
  std::size_t done = 0;
  max = excluded;
  by_blocks(logits, live_, [&](const float* x, std::size_t n) {
    max = std::max(max, peaks_of(x, n, peaks_ + done * 16, broken));
    done += n;
  });
  if (broken) fail_nan(logits);
  base = max;
  if (look == Look::peaks || std::isinf(max)) return;
  weigh_all(look == Look::spread);
  mean /= weight;
}

WEFT_INLINE void Survey::weigh_all(bool with_mean) {
  Weighed all;
  std::size_t done = 0;
  by_blocks(logits_, live_, [&](const float* x, std::size_t n) {
    max = std::max(max, weigh_blocks(x, n, base, peaks_ + done * 16, with_mean, all));
    done += n;
    if (done <= count_) partial_ = all.partial;
  });
  weight = all.weight, mean = all.mean;
}

WEFT_INLINE std::size_t Survey::peaks_above(float bound) const noexcept {
  return count_from(peaks_, whole_scans((count_ + !rest_of(logits_).empty()) * 16), std::nextafter(bound, -excluded));
}

WEFT_INLINE double Survey::weight_above(float bound) const noexcept {
  double sum = 0;
  by_blocks(logits_, live_, [&](const float* x, std::size_t n) { sum += weigh_above(x, n, base, bound); });
  return sum;
}

WEFT_INLINE std::size_t Survey::count_left() const noexcept {
  if (partial_ != 0) return detail::count_left(logits_, live_);
  const auto rest = rest_of(logits_);
  return count_ * softmax_block + rest.size() - static_cast<std::size_t>(std::count(rest.begin(), rest.end(), excluded));
}

WEFT_INLINE float Survey::bound_of(std::size_t k) const noexcept {
  const std::size_t n = whole_scans((count_ + !rest_of(logits_).empty()) * 16);
  if (k > n / 2) return excluded;
  constexpr std::size_t few = 1024;
  const std::size_t group = (n + few - 1) / few;  // a few peaks will do where k is small: of so many 64 the greatest
  if (4 * k > n / group) return just_below(kth_greatest_of(peaks_, n, k, k / 8 + 1));
  float maxima[few + scan_block];
  const std::size_t count = lane_maxima(peaks_, n / scan_block, group, maxima), padded = whole_scans(count);
  std::fill(maxima + count, maxima + padded, excluded);
  return just_below(kth_greatest_of(maxima, padded, k, k / 8 + 1));
}

}  // namespace weft::detail
