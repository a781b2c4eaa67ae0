// Sums of exponentials over a vocabulary: log-softmax, and the weights that draws and nuclei are made of.
// Lanes, blocks and the order of sums are fixed: the same logits give the same bits with every compiler.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>

#include "weft/core/config.hpp"
#include "weft/core/error.hpp"

namespace weft {
namespace detail {

inline constexpr float excluded = -std::numeric_limits<float>::infinity();

// Four lanes are what every x86-64 and aarch64 has; wider registers would change the order of sums.
using Lanes = float __attribute__((vector_size(16)));
using IntLanes = std::int32_t __attribute__((vector_size(16)));

inline Lanes load_lanes(const float* from) noexcept {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

inline void store_lanes(float* to, Lanes lanes) noexcept { std::memcpy(to, &lanes, sizeof lanes); }

inline Lanes all_lanes(float value) noexcept { return Lanes{value, value, value, value}; }

/// True if one of the lanes is true.
inline bool any_lane(IntLanes lanes) noexcept {
  std::uint64_t halves[2];
  std::memcpy(halves, &lanes, sizeof halves);
  return (halves[0] | halves[1]) != 0;
}

/// x = change(x) for every logit, four at a time; written out since g++ -O2 leaves such loops scalar.
template <class Change>
void change_lanes(std::span<float> logits, Change change) {
  std::size_t i = 0;
  for (; i + 4 <= logits.size(); i += 4) store_lanes(logits.data() + i, change(load_lanes(logits.data() + i)));
  for (; i < logits.size(); ++i) logits[i] = change(all_lanes(logits[i]))[0];
}

/// Calls f(i) in order for every i with test(lanes)[.] true at logits[i]: a scan that skips what does not matter.
template <class Test, class F>
void for_each_lane(std::span<const float> logits, Test test, F f) {
  std::size_t i = 0;
  for (; i + 4 <= logits.size(); i += 4) {
    const IntLanes found = test(load_lanes(logits.data() + i));
    if (!any_lane(found)) continue;
    for (int lane = 0; lane < 4; ++lane)
      if (found[lane] != 0) f(i + static_cast<std::size_t>(lane));
  }
  for (; i < logits.size(); ++i)
    if (test(all_lanes(logits[i]))[0] != 0) f(i);
}

// Blocks are summed in float, blocks together in double: 1e-7 relative over any vocabulary.
inline constexpr std::size_t softmax_block = 64;

#if defined(__clang__)
#define WEFT_NO_CONTRACTION
#else
#define WEFT_NO_CONTRACTION __attribute__((optimize("fp-contract=off")))
#endif

/// What the shape of a distribution is judged by.
struct Spread {
  double weight = 0;  ///< sum of e^(x - max)
  double mean = 0;    ///< expected logit, relative to max: sum of p (x - max), <= 0
  /// In nats: -sum p log p = log(weight) - mean.
  [[nodiscard]] double entropy() const noexcept { return std::log(weight) - mean; }
};

namespace base {
using Vec = Lanes;
using VecInt = IntLanes;
#include "weft/sample/softmax_block.inl"
}  // namespace base

/// The functions of softmax_block.inl on eight lanes where the machine has AVX2: half the time, the same bits.
float exp_sum_block(const float* x, float max) noexcept;
void add_spread_block(const float* x, float max, Spread& into) noexcept;
float greatest_of(const float* x, std::size_t n, bool& broken) noexcept;  // n a multiple of 8, as in the next two
void exclude_below_in(float* x, std::size_t n, float border) noexcept;
void divide_in(float* x, std::size_t n, float divisor) noexcept;

/// The same for the n <= 64 logits of a last block: the rest is filled with what weighs nothing.
inline float exp_sum_part(const float* x, std::size_t n, float max) noexcept {
  if (n == softmax_block) return exp_sum_block(x, max);
  float block[softmax_block];
  for (std::size_t i = 0; i < softmax_block; ++i) block[i] = i < n ? x[i] : excluded;
  return exp_sum_block(block, max);
}

/// e^(x - max) of one logit, to the bit as in a block.
inline float exp_weight(float x, float max) noexcept { return base::exp_lanes(all_lanes(x - max))[0]; }

[[noreturn]] inline void fail_nan(std::span<const float> logits) {
  std::size_t at = 0;
  while (at < logits.size() && !std::isnan(logits[at])) ++at;
  fail(ErrorKind::argument, "logits[", at, "] is NaN: the model's numbers or a step of the chain broke down there");
}

/// The greatest logit; Error(argument) that names the first NaN. -inf for no logits at all.
inline float greatest(std::span<const float> logits) {
  bool broken = false;
  float max = greatest_of(logits.data(), logits.size() / 8 * 8, broken);
  for (const float value : logits.last(logits.size() % 8)) {
    broken = broken || std::isnan(value);
    max = value > max ? value : max;
  }
  if (broken) fail_nan(logits);
  return max;
}

/// sum of e^(x_i - max). An infinite max: the number of logits that are infinite (they share all probability).
inline double exp_sum(std::span<const float> logits, float max) noexcept {
  double sum = 0;
  if (std::isinf(max)) {
    for (const float x : logits) sum += x == max ? 1.0 : 0.0;
    return sum;
  }
  for (std::size_t i = 0; i < logits.size(); i += softmax_block)
    sum += exp_sum_part(logits.data() + i, std::min(softmax_block, logits.size() - i), max);
  return sum;
}

/// Excludes what is below the border. With the greatest logit as border and that infinite: the rule for +inf, which
/// takes all probability.
inline void exclude_below(std::span<float> logits, float border) noexcept {
  exclude_below_in(logits.data(), logits.size() / 8 * 8, border);
  for (float& x : logits.last(logits.size() % 8)) x = x < border ? excluded : x;
}

/// How many tokens are not excluded.
inline std::size_t count_left(std::span<const float> logits) noexcept {
  const Lanes gone = all_lanes(excluded);
  IntLanes minus = {0, 0, 0, 0};  // a true lane is -1
  std::size_t count = 0;
  for (std::size_t i = 0; i + 4 <= logits.size(); i += 4) minus += load_lanes(logits.data() + i) > gone;
  for (const float x : logits.last(logits.size() % 4)) count += x > excluded;
  return count - static_cast<std::size_t>(static_cast<std::int64_t>(minus[0]) + minus[1] + minus[2] + minus[3]);
}

/// The spread of logits whose greatest, max, is finite. O(vocab).
inline Spread spread_of(std::span<const float> logits, float max) noexcept {
  Spread spread;
  std::size_t i = 0;
  for (; i + softmax_block <= logits.size(); i += softmax_block) add_spread_block(logits.data() + i, max, spread);
  if (i < logits.size()) {
    float block[softmax_block];
    for (std::size_t j = 0; j < softmax_block; ++j) block[j] = i + j < logits.size() ? logits[i + j] : excluded;
    add_spread_block(block, max, spread);
  }
  spread.mean /= spread.weight;
  return spread;
}

/// What log_softmax subtracts, kept as its two parts so that a single log-prob is exact.
struct LogSum {
  float max = excluded;
  double log_sum = 0;
  [[nodiscard]] float of(float logit) const noexcept {
    if (std::isinf(max)) return logit == max ? static_cast<float>(-log_sum) : excluded;
    return static_cast<float>(static_cast<double>(logit) - static_cast<double>(max) - log_sum);
  }
};

}  // namespace detail

/// log of the sum of e^logit, ready to turn any of these logits into its log-probability: `normaliser(logits).of(x)`.
/// Throws weft::Error(argument) that names the first NaN. O(vocab).
inline detail::LogSum normaliser(std::span<const float> logits) {
  detail::LogSum sum;
  sum.max = detail::greatest(logits);
  sum.log_sum = std::log(detail::exp_sum(logits, sum.max));
  return sum;
}

/// Replaces logits [vocab] by log-probabilities: x_i - log(sum_j e^x_j). -inf stays -inf.
inline void log_softmax(std::span<float> logits) {
  const auto sum = normaliser(logits);
  for (float& x : logits) x = sum.of(x);
}

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/sample/softmax.ipp"
#endif
