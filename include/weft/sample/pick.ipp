// Definitions of sample/pick.hpp.
#pragma once

#include <algorithm>
#include <cmath>

#include "weft/core/config.hpp"
#include "weft/core/philox.hpp"
#include "weft/sample/pick.hpp"

namespace weft {

namespace detail {

/// Calls f(number, logits) for each block that may be alive, the last, shorter one too.
template <class F>
void for_each_block(std::span<const float> logits, const Live* live, F f) {
  const std::size_t blocks = logits.size() / softmax_block;
  std::size_t number = 0;
  for_each_run(live, blocks, [&](std::size_t begin, std::size_t end) {
    for (; begin < end; ++begin) f(number++, logits.subspan(begin * softmax_block, softmax_block));
  });
  if (const auto rest = rest_of(logits); !rest.empty()) f(number, rest);
}

}  // namespace detail

WEFT_INLINE Choice Draw::operator()(std::span<const float> logits, const StepContext& context) {
  using namespace detail;
  LogSum log_sum;
  log_sum.max = greatest(logits, context.live);
  const float max = log_sum.max;
  if (max == excluded) fail_all_excluded();
  double total = 0;
  sums.resize(logits.size() / softmax_block + 1);
  std::size_t count = 0;
  if (std::isinf(max)) {
    for_each_block(logits, context.live, [&](std::size_t, std::span<const float> block) { sums[count++] = total += exp_sum(block, max); });
  } else {
    by_blocks(logits, context.live, [&](const float* x, std::size_t blocks) {
      total = exp_sum_blocks(x, blocks, max, total, sums.data() + count);
      count += blocks;
    });
  }
  const double target = uniform(seed.value_or(context.seed), context.branch, context.position()) * total;
  const auto in = static_cast<std::size_t>(std::upper_bound(sums.begin(), sums.begin() + static_cast<std::ptrdiff_t>(count), target) - sums.begin());
  const float* chosen = nullptr;
  for_each_block(logits, context.live, [&](std::size_t number, std::span<const float> block) {
    if (number != in) return;
    float weights[softmax_block];
    const PaddedBlock padded(block);
    for (std::size_t i = 0; i < softmax_block; i += scan_block) exp_scan(padded.logits + i, max, weights + i);
    double sum = in == 0 ? 0 : sums[in - 1];
    // sums of a block and of its parts differ in the last bits: the last token with weight answers for the difference
    for (std::size_t i = 0; i < block.size() && sum <= target; ++i) {
      const float w = !std::isinf(max) ? weights[i] : block[i] == max ? 1.0f : 0.0f;
      if (w == 0) continue;
      chosen = &block[i];
      sum += static_cast<double>(w);
    }
  });
  log_sum.log_sum = std::log(total);
  return {static_cast<Token>(chosen - logits.data()), log_sum.of(*chosen)};
}

}  // namespace weft
