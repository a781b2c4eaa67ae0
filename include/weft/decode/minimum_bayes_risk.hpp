// Minimum Bayes risk: of n draws the one that agrees most with the others.
// Source: Eikema and Aziz 2020, "Is MAP decoding all you need?", arXiv:2005.10283, equation 5: argmax_h 1/n sum_r u(h, r).
#pragma once

#include <functional>

#include "weft/decode/together.hpp"

namespace weft {

/// Agreement of two token sequences as sets with multiplicity: 2 |a and b| / (|a| + |b|), in [0, 1]; 1 for two empty ones.
double unigram_f1(const Result& a, const Result& b);

struct BayesRiskOptions {
  std::int64_t n = 16;  ///< draws; each is hypothesis, and reference to all others
  std::function<double(const Result& hypothesis, const Result& reference)> utility = unigram_f1;
  std::int64_t returned = 1;
};

template <PicksTokens Chain>
struct MinimumBayesRisk {
  BayesRiskOptions options{};
  Chain chain;

  template <DecodableSequence S>
  [[nodiscard]] std::vector<Result> search(S sequence, std::vector<Token> prompt, const Options& decoding) const {
    const auto sampler = detail::as_sampler(chain);
    auto results = detail::continue_together(std::move(sequence), prompt, static_cast<std::size_t>(options.n), decoding,
                                             [&](std::size_t) { return sampler; });
    std::vector<double> utility(results.size(), 0);
    for (std::size_t h = 0; h < results.size(); ++h)
      for (std::size_t r = 0; r < results.size(); ++r)
        if (r != h) utility[h] += options.utility(results[h], results[r]) / static_cast<double>(results.size() - 1);
    for (std::size_t h = 0; h < results.size(); ++h) results[h].score = utility[h];
    detail::keep_best(results, options.returned);
    return results;
  }
};

/// Minimum Bayes risk over draws of the chain; Result::score is the mean utility. Draws are those of best_of().
/// Throws weft::Error(argument) for n outside [1, most_branches], `returned` outside [1, n], or no utility.
template <PicksTokens Chain>
MinimumBayesRisk<Chain> minimum_bayes_risk(const BayesRiskOptions& options, const Chain& chain) {
  detail::check_samples(options.n, options.returned);
  if (!options.utility) fail(ErrorKind::argument, "minimum Bayes risk needs a utility");
  return {options, chain};
}

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/decode/minimum_bayes_risk.ipp"
#endif
