// The pick that ends a chain: the most likely token, or a draw from the distribution.
#pragma once

#include <vector>

#include "weft/core/philox.hpp"
#include "weft/sample/chain.hpp"
#include "weft/sample/select.hpp"
#include "weft/sample/softmax.hpp"

namespace weft {

/// A chosen token and its log-probability under the logits it was chosen from.
struct Choice {
  Token token = 0;
  float logprob = 0;
};

namespace detail {

[[noreturn]] inline void fail_all_excluded() {
  fail(ErrorKind::argument, "every token is excluded: the steps of the chain together forbid the whole vocabulary");
}

}  // namespace detail

struct Argmax : Composable {
  Choice operator()(std::span<const float> logits, const StepContext&) const {
    const auto sum = normaliser(logits);
    if (sum.max == detail::excluded) detail::fail_all_excluded();
    return {detail::first_equal(logits, sum.max), sum.of(sum.max)};
  }
  template <LogitsStep Steps>
  [[nodiscard]] auto after(Steps steps) const {
    return Sampler<Steps, Argmax>(std::move(steps), *this);
  }
};

struct Draw : Composable {
  std::optional<std::uint64_t> seed{};
  std::vector<double> block_sums{};  ///< scratch

  void prepare(std::size_t vocab, std::size_t) { block_sums.reserve(vocab / detail::softmax_block + 1); }
  Choice operator()(std::span<const float> logits, const StepContext& context);
  template <LogitsStep Steps>
  [[nodiscard]] auto after(Steps steps) const {
    return Sampler<Steps, Draw>(std::move(steps), *this);
  }
};

/// Picks the token with the greatest logit; of equals the lowest id.
/// Throws weft::Error(argument) for NaN in the logits (naming the place) and when all are excluded. O(vocab).
inline Argmax argmax() { return {}; }

/// Greedy decoding: the most likely token each time.
inline Argmax greedy() { return {}; }

/// Draws a token with probability softmax(logits), by the inverse of the cumulative distribution in order of id. The
/// random number is Philox at (seed, branch, position in the sequence) and nothing else, so that batch, threads,
/// interruption and drafting do not change it. Errors as argmax(). O(vocab).
inline Draw draw() { return {}; }
/// The same with a seed of its own instead of that of the options.
inline Draw draw(std::uint64_t seed) {
  Draw made;
  made.seed = seed;
  return made;
}

inline Choice Draw::operator()(std::span<const float> logits, const StepContext& context) {
  using detail::softmax_block;
  const float max = detail::greatest(logits);
  if (max == detail::excluded) detail::fail_all_excluded();
  const bool infinite = std::isinf(max);
  const auto weight = [&](float x) { return infinite ? (x == max ? 1.0f : 0.0f) : detail::exp_weight(x, max); };
  double total = 0;
  block_sums.clear();
  for (std::size_t i = 0; i < logits.size(); i += softmax_block) {
    const auto block = logits.subspan(i, std::min(softmax_block, logits.size() - i));
    total += infinite ? detail::exp_sum(block, max) : static_cast<double>(detail::exp_sum_part(block.data(), block.size(), max));
    block_sums.push_back(total);
  }
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

namespace detail {

/// A lone pick, or a chain that ends in one, as a Sampler.
template <class Strategy>
auto as_sampler(const Strategy& strategy) {
  if constexpr (is_sampler<Strategy>)
    return strategy;
  else
    return strategy.after(NoSteps{});
}

}  // namespace detail

/// Strategies that choose one token after the other: picks and the chains that end in one.
template <class T>
concept PicksTokens = detail::EndsChain<T> && detail::is_sampler<decltype(std::declval<const T&>().after(NoSteps{}))>;

}  // namespace weft
