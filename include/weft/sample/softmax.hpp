// Sums of exponentials over a vocabulary: log-softmax, and the weights that draws and nuclei are made of.
// Lanes, blocks and the order of sums are fixed: the same logits give the same bits with every compiler.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <type_traits>

#include "weft/core/config.hpp"
#include "weft/core/error.hpp"
#include "weft/sample/live.hpp"

namespace weft {
namespace detail {

inline constexpr float excluded = -std::numeric_limits<float>::infinity();

/// Of the logits that are not excluded, relative to the greatest.
struct Moments {
  double count = 0, sum = 0, squares = 0;
};

/// Sums of e^(x - base), and of (x - base) times that.
struct Weighed {
  double weight = 0, mean = 0;
  std::size_t partial = 0;  ///< with the mean: how many blocks have excluded logits
};

/// The functions of softmax_block.inl and survey_block.inl on eight lanes where the machine has AVX2, on sixteen with AVX-512: sooner, the same bits.
void exp_scan(const float* x, float max, float* weights) noexcept;
double exp_sum_blocks(const float* x, std::size_t blocks, float max, double sum, double* running) noexcept;
void add_moments_blocks(const float* x, std::size_t blocks, float max, Moments& into) noexcept;
float greatest_of(const float* x, std::size_t blocks, bool& broken) noexcept;
float peaks_of(const float* x, std::size_t blocks, float* peaks, bool& broken) noexcept;
float weigh_blocks(const float* x, std::size_t blocks, float base, float* peaks, bool with_mean, Weighed& into) noexcept;
double weigh_above(const float* x, std::size_t blocks, float base, float bound) noexcept;
void weigh(const float* x, std::size_t n, float base, float* weights) noexcept;
std::size_t list_above(const float* x, std::size_t blocks, const float* peaks, float bound, std::uint32_t* list) noexcept;
std::size_t take_above(const float* x, const std::uint32_t* list, std::size_t n, float bound, float high, std::int32_t first, float* values,
                       std::int32_t* ids) noexcept;
std::size_t lane_maxima(const float* x, std::size_t scanned, std::size_t group, float* out) noexcept;
void divide_in(float* x, std::size_t blocks, float divisor) noexcept;
void exclude_all_in(float* x, std::size_t blocks) noexcept;
std::size_t exclude_below_in(float* x, std::size_t begin, std::size_t end, const float* peaks, float border, std::uint32_t* live) noexcept;
std::size_t exclude_outside_in(float* x, std::size_t begin, std::size_t end, const float* peaks, float centre, float width,
                               std::uint32_t* live) noexcept;
std::size_t next_scan_above(const float* x, std::size_t from, std::size_t end, float bound, std::uint64_t& found) noexcept;
std::size_t count_from(const float* x, std::size_t n, float bound) noexcept;
double weight_from(const float* values, const float* weights, std::size_t n, float bound) noexcept;
float kth_greatest_of(const float* x, std::size_t n, std::size_t k, std::size_t slack = 0) noexcept;
float mass_bound(const float* values, const float* weights, std::size_t n, double mass) noexcept;
/// e^(x - max) of one logit, to the bit as in a block.
float exp_weight(float x, float max) noexcept;

/// A block of which the rest, after n logits, is filled with what weighs nothing.
struct PaddedBlock {
  float logits[softmax_block];
  explicit PaddedBlock(std::span<const float> part) noexcept {
    std::fill(std::copy(part.begin(), part.end(), logits), logits + softmax_block, excluded);
  }
};

/// The logits behind the last whole block.
template <class T>
std::span<T> rest_of(std::span<T> logits) noexcept {
  return logits.last(logits.size() % softmax_block);
}

/// Calls f(x, blocks) for the runs of blocks that may be alive, and for the rest, filled up.
template <class F>
void by_blocks(std::span<const float> logits, const Live* live, F f) {
  for_each_run(live, logits.size() / softmax_block,
               [&](std::size_t begin, std::size_t end) { f(logits.data() + begin * softmax_block, end - begin); });
  if (const auto rest = rest_of(logits); !rest.empty()) f(PaddedBlock(rest).logits, std::size_t{1});
}

[[noreturn]] inline void fail_nan(std::span<const float> logits) {
  std::size_t at = 0;
  while (at < logits.size() && !std::isnan(logits[at])) ++at;
  fail(ErrorKind::argument, "logits[", at, "] is NaN: the model's numbers or a step of the chain broke down there");
}

// live, in all of these: what is outside of it is excluded, as is known. Null: nothing is known.

/// The greatest logit; Error(argument) that names the first NaN. -inf for no logits at all.
inline float greatest(std::span<const float> logits, const Live* live = nullptr) {
  bool broken = false;
  float max = excluded;
  by_blocks(logits, live, [&](const float* x, std::size_t blocks) { max = std::max(max, greatest_of(x, blocks, broken)); });
  if (broken) fail_nan(logits);
  return max;
}

/// sum of e^(x_i - max). An infinite max: the number of logits that are infinite (they share all probability).
inline double exp_sum(std::span<const float> logits, float max, const Live* live = nullptr) noexcept {
  double sum = 0;
  if (std::isinf(max))
    sum = static_cast<double>(std::count(logits.begin(), logits.end(), max));
  else
    by_blocks(logits, live, [&](const float* x, std::size_t blocks) { sum = exp_sum_blocks(x, blocks, max, sum, nullptr); });
  return sum;
}

/// exclude(x, begin, end, peaks, live): that of whole blocks; out(logit): the same of one. peaks: of the blocks that may be alive, [blocks][16]
/// as peaks_of() finds them, or null. With a list, blocks that leave it may stay as they are.
template <class Exclude, class Out>
void exclude_by(std::span<float> logits, Live* live, const float* peaks, Exclude exclude, Out out) {
  const std::size_t blocks = logits.size() / softmax_block;
  if (live)
    live->narrow(blocks, [&](std::size_t begin, std::size_t end, std::uint32_t* left) {
      const float* const theirs = peaks;
      if (peaks) peaks += 16 * (end - begin);
      return exclude(logits.data(), begin, end, theirs, left);
    });
  else
    exclude(logits.data(), std::size_t{0}, blocks, nullptr, nullptr);
  for (float& x : rest_of(logits)) x = out(x) ? excluded : x;
}
/// Excludes what is below the border. With the greatest logit as border and that infinite: the rule for +inf, which
/// takes all probability.
inline void exclude_below(std::span<float> logits, float border, Live* live = nullptr, const float* peaks = nullptr) {
  exclude_by(
      logits, live, peaks,
      [=](float* x, std::size_t begin, std::size_t end, const float* theirs, std::uint32_t* left) {
        return exclude_below_in(x, begin, end, theirs, border, left);
      },
      [=](float x) { return x < border; });
}
/// Excludes what is not within `width` of the centre.
inline void exclude_outside(std::span<float> logits, float centre, float width, Live* live = nullptr, const float* peaks = nullptr) {
  exclude_by(
      logits, live, peaks,
      [=](float* x, std::size_t begin, std::size_t end, const float* theirs, std::uint32_t* left) {
        return exclude_outside_in(x, begin, end, theirs, centre, width, left);
      },
      [=](float x) { return std::fabs(x - centre) > width; });
}
/// Writes down what the list excludes, for whoever looks at all logits.
inline void write_excluded(std::span<float> logits, Live& live) {
  live.for_each_unwritten([&](std::size_t begin, std::size_t end) { exclude_all_in(logits.data() + begin * softmax_block, end - begin); });
}

/// Calls f(i) in order for every i with logits[i] > bound. f may raise the bound, and change the logit.
template <class F>
void for_each_above(std::span<const float> logits, const float& bound, F f, const Live* live = nullptr) {
  const auto offer = [&](std::size_t i) {
    if (logits[i] > bound) f(i);
  };
  const std::size_t blocks = logits.size() / softmax_block;
  for_each_run(live, blocks, [&](std::size_t begin, std::size_t end) {
    std::uint64_t found = 0;
    for (std::size_t s = begin * scans; (s = next_scan_above(logits.data(), s, end * scans, bound, found)) < end * scans; ++s)
      for (; found != 0; found &= found - 1) offer(s * scan_block + static_cast<std::size_t>(std::countr_zero(found)));
  });
  for (std::size_t i = blocks * softmax_block; i < logits.size(); ++i) offer(i);
}
/// The greatest number below: what is above that is at least x.
inline float just_below(float x) noexcept { return std::nextafter(x, excluded); }

/// The moments of logits whose greatest, max, is finite. O(vocab).
inline Moments moments_of(std::span<const float> logits, float max, const Live* live = nullptr) noexcept {
  Moments moments;
  by_blocks(logits, live, [&](const float* x, std::size_t blocks) { add_moments_blocks(x, blocks, max, moments); });
  return moments;
}
/// How many tokens are not excluded.
inline std::size_t count_left(std::span<const float> logits, const Live* live = nullptr) noexcept {
  std::size_t count = 0;
  by_blocks(logits, live, [&](const float* x, std::size_t blocks) { count += count_from(x, blocks * softmax_block, std::numeric_limits<float>::lowest()); });
  return count;
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
inline detail::LogSum normaliser(std::span<const float> logits, const detail::Live* live = nullptr) {
  detail::LogSum sum;
  sum.max = detail::greatest(logits, live);
  sum.log_sum = std::log(detail::exp_sum(logits, sum.max, live));
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
