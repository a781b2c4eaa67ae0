// Tokens drawn one after the other without putting them back. The n greatest of log-probs with Gumbel noise are such a draw (Yellott
// 1977; Kool et al. 2019, arXiv:1903.06059), which needs n random numbers here instead of one for every token.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/core/philox.hpp"
#include "weft/sample/select.hpp"
#include "weft/sample/softmax.hpp"

namespace weft::detail {

class Lottery {
 public:
  /// values: log-weights of the tokens; -inf never wins. Throws weft::Error(argument) that names the first NaN.
  void fill(std::span<const float> values);

  /// log of what the tokens that are left weigh together; -inf when none is left.
  [[nodiscard]] double log_weight() const { return total_ > 0 ? static_cast<double>(max_) + std::log(total_) : -HUGE_VAL; }

  /// Draws a token by u in [0, 1) and takes it out. Only while log_weight() is above -inf.
  Ranked draw(double u);

 private:
  [[nodiscard]] double weight(float value) const noexcept;
  [[nodiscard]] double block_sum(std::size_t b) const noexcept;
  void add_up() noexcept;

  std::vector<float> values_;
  std::vector<double> sums_;
  double total_ = 0;
  float max_ = excluded;
};

/// The log-probs that `next` stands for, in `into`.
std::span<const float> log_probs_of(std::span<const float> values, const LogSum& sum, std::vector<float>& into);

/// u in [0, 1) for draw `index` at a position: other addresses than those of draw().
inline double draw_at(std::uint64_t seed, std::uint64_t branch, std::size_t position, std::size_t index) noexcept {
  return uniform(seed, branch, ((static_cast<std::uint64_t>(index) + 1) << 40) | static_cast<std::uint64_t>(position));
}

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/decode/lottery.ipp"
#endif
