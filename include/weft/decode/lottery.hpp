// Tokens drawn one after the other without putting them back. The n greatest of log-probs with Gumbel noise are such a draw (Yellott
// 1977; Kool et al. 2019, arXiv:1903.06059), which needs n random numbers here instead of one for every token.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "weft/core/philox.hpp"
#include "weft/sample/select.hpp"
#include "weft/sample/softmax.hpp"

namespace weft::detail {

class Lottery {
 public:
  /// values: log-weights of the tokens; -inf never wins. Throws weft::Error(argument) that names the first NaN.
  void fill(std::span<const float> values) {
    values_.assign(values.begin(), values.end());
    max_ = greatest(values);
    sums_.assign((values.size() + scan_block - 1) / scan_block, 0);
    for (std::size_t b = 0; b < sums_.size(); ++b) sums_[b] = block_sum(b);
    add_up();
  }

  /// log of what the tokens that are left weigh together; -inf when none is left.
  [[nodiscard]] double log_weight() const { return total_ > 0 ? static_cast<double>(max_) + std::log(total_) : -HUGE_VAL; }

  /// Draws a token by u in [0, 1) and takes it out. Only while log_weight() is above -inf.
  Ranked draw(double u) {
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

 private:
  [[nodiscard]] double weight(float value) const noexcept {
    return value == excluded ? 0 : std::isinf(max_) ? 1 : static_cast<double>(exp_weight(value, max_));
  }
  [[nodiscard]] double block_sum(std::size_t b) const noexcept {
    double sum = 0;
    for (std::size_t i = b * scan_block; i < std::min((b + 1) * scan_block, values_.size()); ++i) sum += weight(values_[i]);
    return sum;
  }
  void add_up() noexcept {
    total_ = 0;
    for (const double s : sums_) total_ += s;
  }

  std::vector<float> values_;
  std::vector<double> sums_;
  double total_ = 0;
  float max_ = excluded;
};

/// The log-probs that `next` stands for, in `into`.
inline std::span<const float> log_probs_of(std::span<const float> values, const LogSum& sum, std::vector<float>& into) {
  into.assign(values.begin(), values.end());
  for (float& x : into) x = sum.of(x);
  return into;
}

/// u in [0, 1) for draw `index` at a position: other addresses than those of draw().
inline double draw_at(std::uint64_t seed, std::uint64_t branch, std::size_t position, std::size_t index) noexcept {
  return uniform(seed, branch, ((static_cast<std::uint64_t>(index) + 1) << 40) | static_cast<std::uint64_t>(position));
}

}  // namespace weft::detail
