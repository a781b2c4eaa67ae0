// Best of n: draws n continuations and keeps the best by a criterion.
// Sources: self-consistency: Wang et al. 2023, arXiv:2203.11171; self-certainty: Kang et al. 2025, arXiv:2502.18581, equation 4;
// rewards: Stiennon et al. 2020, arXiv:2009.01325.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "weft/decode/together.hpp"

namespace weft {

enum class BestBy {
  log_prob,        ///< sum of log-probs under the model
  mean_log_prob,   ///< per token
  self_certainty,  ///< mean over tokens and vocabulary of -log(vocab p): the divergence of the model's distributions from a uniform one
  reward,          ///< BestOfOptions::reward
  majority         ///< the answer that most continuations give; score: its share of the votes
};

struct BestOfOptions {
  std::int64_t n = 8;
  BestBy by = BestBy::log_prob;
  std::function<double(const Result&)> reward{};            ///< for BestBy::reward: greater is better
  std::function<std::string(const Result&)> answer_of{};    ///< for BestBy::majority: what is voted on; the text when empty
  std::int64_t returned = 1;
};

namespace detail {

/// A first step that changes nothing, and adds up how certain the model was.
struct Certainty : Composable {
  std::shared_ptr<double> sum;
  Certainty();
  void operator()(std::span<float> logits, const StepContext&) const;
};

/// Gives every result the share of those with its answer; of equal answers the most likely stands first.
void vote(std::vector<Result>& results, const std::function<std::string(const Result&)>& answer_of);

}  // namespace detail

template <PicksTokens Chain>
struct BestOf {
  BestOfOptions options{};
  Chain chain;

  template <DecodableSequence S>
  [[nodiscard]] std::vector<Result> search(S sequence, std::vector<Token> prompt, const Options& decoding) const {
    const auto n = static_cast<std::size_t>(options.n);
    const auto sampler = detail::as_sampler(chain);
    std::vector<Result> results;
    if (options.by == BestBy::self_certainty) {
      std::vector<detail::Certainty> certainty(n);
      results = detail::continue_together(std::move(sequence), prompt, n, decoding, [&](std::size_t i) { return sampler.after(certainty[i]); });
      for (std::size_t i = 0; i < results.size(); ++i)
        results[i].score = results[i].tokens.empty() ? 0 : *certainty[i].sum / static_cast<double>(results[i].tokens.size());
    } else {
      results = detail::continue_together(std::move(sequence), prompt, n, decoding, [&](std::size_t) { return sampler; });
    }
    if (options.by == BestBy::majority) {
      detail::vote(results, options.answer_of);
    } else {
      for (auto& r : results) {
        if (options.by == BestBy::reward) r.score = options.reward(r);
        if (options.by == BestBy::mean_log_prob && !r.tokens.empty()) r.score /= static_cast<double>(r.tokens.size());
      }
    }
    detail::keep_best(results, options.returned);
    return results;
  }
};

/// Draws options.n continuations by the chain and returns the best, best first; Result::score is the criterion's. Continuation i is the
/// one that the chain alone gives for Options::branch + i. Options::on_piece is not called.
/// Throws weft::Error(argument) for n outside [1, most_branches], `returned` outside [1, n], or a missing reward.
template <PicksTokens Chain>
BestOf<Chain> best_of(const BestOfOptions& options, const Chain& chain) {
  detail::check_samples(options.n, options.returned);
  if (options.by == BestBy::reward && !options.reward) fail(ErrorKind::argument, "best of n by reward: give BestOfOptions::reward");
  return {options, chain};
}

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/decode/best_of.ipp"
#endif
