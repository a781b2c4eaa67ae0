// Sums of exponentials over a vocabulary: log-softmax, and the weights that draws and nuclei are made of.
// Lanes, blocks and the order of sums are fixed: the same logits give the same bits with every compiler.
#pragma once

#include <algorithm>
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

inline Lanes all_lanes(float value) noexcept { return Lanes{value, value, value, value}; }

/// True if one of the lanes is true.
inline bool any_lane(IntLanes lanes) noexcept {
  std::uint64_t halves[2];
  std::memcpy(halves, &lanes, sizeof halves);
  return (halves[0] | halves[1]) != 0;
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

/// Of the logits that are not excluded, relative to the greatest.
struct Moments {
  double count = 0, sum = 0, squares = 0;
};

namespace base {
using Vec = Lanes;
using VecInt = IntLanes;
#include "weft/sample/softmax_block.inl"
}  // namespace base

/// The functions of softmax_block.inl on eight lanes where the machine has AVX2, on sixteen with AVX-512: sooner, the same bits.
float exp_sum_block(const float* x, float max) noexcept;
double exp_sum_blocks(const float* x, std::size_t blocks, float max, double sum, double* running) noexcept;
void add_spread_blocks(const float* x, std::size_t blocks, float max, Spread& into) noexcept;
void add_moments_blocks(const float* x, std::size_t blocks, float max, Moments& into) noexcept;
std::size_t next_block_above(const float* x, std::size_t from, std::size_t blocks, float bound) noexcept;
std::size_t next_block_within(const float* x, std::size_t from, std::size_t blocks, float centre, float width) noexcept;
inline constexpr std::size_t widest = 16;  // of these n is a multiple:
float greatest_of(const float* x, std::size_t n, bool& broken) noexcept;
void exclude_below_in(float* x, std::size_t n, float border) noexcept;
void exclude_outside_in(float* x, std::size_t n, float centre, float width) noexcept;
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
  float max = greatest_of(logits.data(), logits.size() / widest * widest, broken);
  for (const float value : logits.last(logits.size() % widest)) {
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
  sum = exp_sum_blocks(logits.data(), logits.size() / softmax_block, max, 0, nullptr);
  if (const auto rest = logits.last(logits.size() % softmax_block); !rest.empty())
    sum += static_cast<double>(exp_sum_part(rest.data(), rest.size(), max));
  return sum;
}

/// Excludes what is below the border. With the greatest logit as border and that infinite: the rule for +inf, which
/// takes all probability.
inline void exclude_below(std::span<float> logits, float border) noexcept {
  exclude_below_in(logits.data(), logits.size() / widest * widest, border);
  for (float& x : logits.last(logits.size() % widest)) x = x < border ? excluded : x;
}

/// Calls f(i) in order for every i with logits[i] > bound. f may raise the bound, and change the logit.
template <class F>
void for_each_above(std::span<const float> logits, const float& bound, F f) {
  const std::size_t blocks = logits.size() / softmax_block;
  const auto offer = [&](std::size_t i) {
    if (logits[i] > bound) f(i);
  };
  for (std::size_t b = 0; (b = next_block_above(logits.data(), b, blocks, bound)) < blocks; ++b)
    for (std::size_t i = b * softmax_block; i < (b + 1) * softmax_block; i += 4)
      if (any_lane(load_lanes(logits.data() + i) > all_lanes(bound)))
        for (std::size_t j = i; j < i + 4; ++j) offer(j);
  for (std::size_t i = blocks * softmax_block; i < logits.size(); ++i) offer(i);
}
/// The greatest number below: what is above that is at least x.
inline float just_below(float x) noexcept { return std::nextafter(x, excluded); }

/// f(data, blocks, ...) for logits of any number: the rest is filled up to a block with what is excluded.
template <class F>
void by_blocks(std::span<const float> logits, F f) {
  f(logits.data(), logits.size() / softmax_block);
  const auto rest = logits.last(logits.size() % softmax_block);
  if (rest.empty()) return;
  float block[softmax_block];
  for (std::size_t i = 0; i < softmax_block; ++i) block[i] = i < rest.size() ? rest[i] : excluded;
  f(block, 1);
}

/// The moments of logits whose greatest, max, is finite. O(vocab).
inline Moments moments_of(std::span<const float> logits, float max) noexcept {
  Moments moments;
  by_blocks(logits, [&](const float* x, std::size_t blocks) { add_moments_blocks(x, blocks, max, moments); });
  return moments;
}
/// How many tokens are not excluded.
inline std::size_t count_left(std::span<const float> logits) noexcept { return static_cast<std::size_t>(moments_of(logits, 0).count); }

/// The spread of logits whose greatest, max, is finite. O(vocab).
inline Spread spread_of(std::span<const float> logits, float max) noexcept {
  Spread spread;
  by_blocks(logits, [&](const float* x, std::size_t blocks) { add_spread_blocks(x, blocks, max, spread); });
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
