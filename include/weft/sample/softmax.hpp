// Sums of exponentials over a vocabulary: log-softmax, and the weights that draws and nuclei are made of.
// Lanes, blocks and the order of sums are fixed: the same logits give the same bits with every compiler.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>

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

// Blocks are summed in float, blocks together in double: 1e-7 relative over any vocabulary.
inline constexpr std::size_t softmax_block = 64;

#if defined(__clang__)
#define WEFT_NO_CONTRACTION
#else
#define WEFT_NO_CONTRACTION __attribute__((optimize("fp-contract=off")))
#endif

/// e^v for v <= 0, 0 below -87. Cephes' expf: v = n ln 2 + r, e^r by a polynomial.
WEFT_NO_CONTRACTION inline Lanes exp_lanes(Lanes v) noexcept {
#if defined(__clang__)
#pragma clang fp contract(off)
#endif
  constexpr float magic = 12582912.0f;  // 1.5 * 2^23: adding it leaves the rounded integer in the low bits
  const Lanes lowest = {-87.0f, -87.0f, -87.0f, -87.0f};  // e^-87 is still a normal float
  const IntLanes alive = v >= lowest;
  v = alive ? v : lowest;
  const Lanes shifted = v * 1.44269504088896341f + magic;
  const Lanes n = shifted - magic;
  Lanes r = v - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  Lanes p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  IntLanes exponent, bits;
  std::memcpy(&exponent, &shifted, sizeof exponent);
  std::memcpy(&bits, &p, sizeof bits);
  bits = (bits + (exponent << 23)) & alive;  // the magic number's own bits are shifted out
  std::memcpy(&p, &bits, sizeof p);
  return p;
}

/// sum of e^(x_i - max) over one block of 64, for x_i <= max.
WEFT_NO_CONTRACTION inline float exp_sum_block(const float* x, float max) noexcept {
  // after top-k and the like most blocks are excluded as a whole
  IntLanes alive = {0, 0, 0, 0};
  const Lanes bound = {max - 87.0f, max - 87.0f, max - 87.0f, max - 87.0f};
  for (std::size_t i = 0; i < softmax_block; i += 4) alive |= load_lanes(x + i) >= bound;
  if ((alive[0] | alive[1] | alive[2] | alive[3]) == 0) return 0;
  Lanes sum = {0, 0, 0, 0};
  for (std::size_t i = 0; i < softmax_block; i += 4) sum = sum + exp_lanes(load_lanes(x + i) - max);
  return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

/// The same for the n <= 64 logits of a last block: the rest is filled with what weighs nothing.
inline float exp_sum_part(const float* x, std::size_t n, float max) noexcept {
  if (n == softmax_block) return exp_sum_block(x, max);
  float block[softmax_block];
  for (std::size_t i = 0; i < softmax_block; ++i) block[i] = i < n ? x[i] : excluded;
  return exp_sum_block(block, max);
}

/// e^(x - max) of one logit, to the bit as in a block.
inline float exp_weight(float x, float max) noexcept {
  const float v = x - max;
  return exp_lanes(Lanes{v, v, v, v})[0];
}

[[noreturn]] inline void fail_nan(std::span<const float> logits) {
  std::size_t at = 0;
  while (at < logits.size() && !std::isnan(logits[at])) ++at;
  fail(ErrorKind::argument, "logits[", at, "] is NaN: the model's numbers or a step of the chain broke down there");
}

/// The greatest logit; Error(argument) that names the first NaN. -inf for no logits at all.
inline float greatest(std::span<const float> logits) {
  const float* x = logits.data();
  const std::size_t n = logits.size();
  Lanes best = {excluded, excluded, excluded, excluded};
  IntLanes nan = {0, 0, 0, 0};
  for (std::size_t i = 0; i + 4 <= n; i += 4) {
    const Lanes v = load_lanes(x + i);
    nan |= v != v;
    best = v > best ? v : best;
  }
  float max = excluded;
  for (int lane = 0; lane < 4; ++lane) max = best[lane] > max ? best[lane] : max;
  bool broken = (nan[0] | nan[1] | nan[2] | nan[3]) != 0;
  for (const float value : logits.last(n % 4)) {
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
  for (float& x : logits) x = x < border ? excluded : x;
}

/// What the shape of a distribution is judged by.
struct Spread {
  double weight = 0;   ///< sum of e^(x - max)
  double mean = 0;     ///< expected logit, relative to max: sum of p (x - max), <= 0
  /// In nats: -sum p log p = log(weight) - mean.
  [[nodiscard]] double entropy() const noexcept { return std::log(weight) - mean; }
};

/// weight and weight * (x - max), summed over one block of 64 (others: filled as in exp_sum_part).
WEFT_NO_CONTRACTION inline void add_spread_block(const float* x, float max, Spread& into) noexcept {
  const Lanes lowest = {-87.0f, -87.0f, -87.0f, -87.0f};
  Lanes weight = {0, 0, 0, 0}, mean = {0, 0, 0, 0};
  for (std::size_t i = 0; i < softmax_block; i += 4) {
    const Lanes v = load_lanes(x + i) - max;
    const Lanes w = exp_lanes(v);
    weight = weight + w;
    mean = mean + w * (v >= lowest ? v : lowest);  // 0 times -inf is no number
  }
  into.weight += static_cast<double>((weight[0] + weight[2]) + (weight[1] + weight[3]));
  into.mean += static_cast<double>((mean[0] + mean[2]) + (mean[1] + mean[3]));
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
