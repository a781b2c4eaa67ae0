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
  static constexpr bool runs_apart = true, keeps_to_list = true;
  Choice operator()(std::span<const float> logits, const StepContext& context) const {
    const auto sum = normaliser(logits, context.live);
    if (sum.max == detail::excluded) detail::fail_all_excluded();
    return {detail::first_equal(logits, sum.max, context.live), sum.of(sum.max)};
  }
  template <LogitsStep Steps>
  [[nodiscard]] auto after(Steps steps) const {
    return Sampler<Steps, Argmax>(std::move(steps), *this);
  }
};

struct Draw : Composable {
  static constexpr bool runs_apart = true, keeps_to_list = true;
  static constexpr bool follows_history = true;
  std::optional<std::uint64_t> seed{};
  std::vector<double> sums{};  ///< scratch: of the blocks so far

  void prepare(std::size_t vocab, std::size_t) { sums.reserve(vocab / detail::softmax_block + 1); }
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

#ifndef WEFT_COMPILED
#include "weft/sample/pick.ipp"
#endif
