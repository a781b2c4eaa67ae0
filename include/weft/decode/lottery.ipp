// Definitions of decode/lottery.hpp.
#pragma once

#include <algorithm>

#include "weft/decode/lottery.hpp"

namespace weft::detail {

WEFT_INLINE void Lottery::fill(std::span<const float> values) {
  values_.assign(values.begin(), values.end());
  max_ = greatest(values);
  sums_.assign((values.size() + scan_block - 1) / scan_block, 0);
  for (std::size_t b = 0; b < sums_.size(); ++b) sums_[b] = block_sum(b);
  add_up();
}

WEFT_INLINE Ranked Lottery::draw(double u) {
  const double target = u * total_;
  double below = 0;
  std::size_t b = 0, last_alive = 0;
  for (; b < sums_.size(); ++b) {
    if (sums_[b] > 0) last_alive = b;
    if (below + sums_[b] > target) break;
    below += sums_[b];
  }
  if (b == sums_.size()) b = last_alive;  // rounding: the last one answers for it
  const std::size_t end = std::min((b + 1) * scan_block, values_.size());
  std::size_t chosen = b * scan_block;
  for (std::size_t i = chosen; i < end; ++i) {
    const double w = weight(values_[i]);
    if (w == 0) continue;
    chosen = i;
    below += w;
    if (below > target) break;
  }
  const Ranked won{values_[chosen], static_cast<Token>(chosen)};
  values_[chosen] = excluded;
  sums_[b] = block_sum(b);
  add_up();
  return won;
}

WEFT_INLINE double Lottery::weight(float value) const noexcept {
  return value == excluded ? 0 : std::isinf(max_) ? 1 : static_cast<double>(exp_weight(value, max_));
}

WEFT_INLINE double Lottery::block_sum(std::size_t b) const noexcept {
  double sum = 0;
  for (std::size_t i = b * scan_block; i < std::min((b + 1) * scan_block, values_.size()); ++i) sum += weight(values_[i]);
  return sum;
}

WEFT_INLINE void Lottery::add_up() noexcept {
  total_ = 0;
  for (const double s : sums_) total_ += s;
}

WEFT_INLINE std::span<const float> log_probs_of(std::span<const float> values, const LogSum& sum, std::vector<float>& into) {
  into.assign(values.begin(), values.end());
  for (float& x : into) x = sum.of(x);
  return into;
}

}  // namespace weft::detail
