// Definitions of sample/pick.hpp.
#pragma once

#include <algorithm>
#include <cmath>

#include "weft/core/config.hpp"
#include "weft/core/philox.hpp"
#include "weft/sample/pick.hpp"

namespace weft {

WEFT_INLINE Choice Draw::operator()(std::span<const float> logits, const StepContext& context) {
  using detail::softmax_block;
  const float max = detail::greatest(logits);
  if (max == detail::excluded) detail::fail_all_excluded();
  const bool infinite = std::isinf(max);
  const auto weight = [&](float x) { return infinite ? (x == max ? 1.0f : 0.0f) : detail::exp_weight(x, max); };
  const std::size_t whole = logits.size() / softmax_block;
  const auto rest = logits.last(logits.size() % softmax_block);
  double total = 0;
  block_sums.resize(whole + !rest.empty());
  if (infinite) {
    for (std::size_t b = 0; b < whole; ++b) block_sums[b] = total += detail::exp_sum(logits.subspan(b * softmax_block, softmax_block), max);
  } else {
    total = detail::exp_sum_blocks(logits.data(), whole, max, 0, block_sums.data());
  }
  if (!rest.empty()) block_sums[whole] = total += detail::exp_sum(rest, max);
  const double target = uniform(seed.value_or(context.seed), context.branch, context.position()) * total;
  std::size_t block = 0;
  while (block + 1 < block_sums.size() && block_sums[block] <= target) ++block;
  double sum = block == 0 ? 0 : block_sums[block - 1];
  // sums of a block and of its parts differ in the last bits: the last token with weight answers for the difference
  std::size_t chosen = logits.size();
  const std::size_t end = std::min((block + 1) * softmax_block, logits.size());
  for (std::size_t i = block * softmax_block; i < end; ++i) {
    const auto w = static_cast<double>(weight(logits[i]));
    if (w == 0) continue;
    chosen = i;
    sum += w;
    if (sum > target) break;
  }
  detail::LogSum log_sum;
  log_sum.max = max;
  log_sum.log_sum = std::log(total);
  return {static_cast<Token>(chosen), log_sum.of(logits[chosen])};
}

}  // namespace weft
