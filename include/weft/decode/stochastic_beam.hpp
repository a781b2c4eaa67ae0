// Stochastic beam search: k different sequences drawn from the model without replacement, in one search.
// Source: Kool, van Hoof and Welling 2019, "Stochastic beams and where to find them", arXiv:1903.06059, algorithm 1; children are drawn
// from the top down (appendix B), so that a branch needs k random numbers, not one for every token.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "weft/decode/branch.hpp"
#include "weft/decode/lottery.hpp"
#include "weft/decode/options.hpp"

namespace weft {

template <LogitsStep Steps = NoSteps>
struct StochasticBeam : Composable {
  std::int64_t width = 4;
  Steps steps{};

  template <LogitsStep Before>
  [[nodiscard]] auto after(Before before) const {
    auto joined = detail::put_before(std::move(before), steps);
    return StochasticBeam<decltype(joined)>{{}, width, std::move(joined)};
  }

  template <DecodableSequence S>
  [[nodiscard]] std::vector<Result> search(S sequence, std::vector<Token> prompt, const Options& decoding) const;
};

/// Draws `width` different sequences, as if one after the other without replacement from the model's distribution over texts that end
/// or reach max_tokens: temperature(0.7f) | stochastic_beam(8). Results come in the order of the draw, by Result::perturbed, so the
/// first alone is a plain sample; Result::score is the log-probability under the distribution drawn from.
/// Throws weft::Error(argument) for a width outside [1, most_branches].
inline StochasticBeam<> stochastic_beam(std::int64_t width) {
  detail::check_branches(width, "stochastic beams of width");
  StochasticBeam<> made;
  made.width = width;
  return made;
}

namespace detail {

/// A Gumbel variable of location mu that is below `bound`, by u in (0, 1): the inverse of its truncated distribution.
double gumbel_below(double mu, double bound, double u);
/// The least of the n greatest, or of all if there are fewer; 0 of none.
double least_of_greatest(std::vector<double> values, std::size_t n);

template <DecodableSequence S, class Steps>
class StochasticBeamSearch {
 public:
  StochasticBeamSearch(const S& root, std::size_t to_append, std::int64_t width, const Options& options)
      : width_(static_cast<std::size_t>(width)), branching_(root, to_append, options) {}

  std::vector<Result> run(S sequence, const std::vector<Token>& prompt, const Steps& steps) {
    auto [root, going] = branching_.root(std::move(sequence), prompt, steps);
    const auto& limits = branching_.limits();
    branches_.push_back(std::move(root));
    perturbed_.push_back(-std::log(-std::log(open_unit(draw_at(branching_.options().seed, branching_.options().branch, limits.prompt, 0)))));
    for (std::size_t length = 1; going && length <= limits.new_tokens && !branches_.empty(); ++length) {
      if (length > 1) going = branching_.extend(branches_);
      if (!going) break;
      draw_children();
      keep_greatest();
      branching_.generated(length);
    }
    const auto reason = going ? limits.reason_at_limit() : StopReason::cancelled;
    for (std::size_t b = 0; b < branches_.size(); ++b) {
      const double sum = branches_[b].sum;
      auto result = branching_.result(std::move(branches_[b]), std::move(branches_[b].text), reason, sum);
      result.perturbed = perturbed_[b];
      finished_.push_back(std::move(result));
    }
    std::stable_sort(finished_.begin(), finished_.end(), [](const Result& a, const Result& b) { return a.perturbed > b.perturbed; });
    return branching_.finish(std::move(finished_));
  }

 private:
  using Branching = detail::Branching<S, Steps>;
  using BranchType = typename Branching::BranchType;

  struct Child {
    Candidate candidate;
    double perturbed;
  };

  static double open_unit(double u) noexcept { return u > 0 ? u : 0x1p-54; }

  /// The `width` greatest children of each branch, by Gumbel-perturbed log-probs given that the greatest is the parent's own.
  void draw_children() {
    children_.clear();
    const auto& options = branching_.options();
    for (std::size_t b = 0; b < branches_.size(); ++b) {
      auto& branch = branches_[b];
      const auto next = branching_.next(branch);
      lottery_.fill(log_probs_of(next.values, next.sum, log_probs_));
      const double whole = lottery_.log_weight();  // steps may leave less than, or more than, all probability
      double bound = perturbed_[b];
      for (std::size_t n = 0; n < width_; ++n) {
        const double left = lottery_.log_weight();
        if (left == -HUGE_VAL) break;
        const std::size_t index = 2 * (b * width_ + n) + 1;
        const auto u = [&](std::size_t more) { return draw_at(options.seed, options.branch, branch.sequence.size(), index + more); };
        if (n > 0) bound = gumbel_below(branch.sum + left - whole, bound, open_unit(u(0)));
        const auto won = lottery_.draw(u(1));
        const auto logprob = static_cast<float>(static_cast<double>(won.value) - whole);
        children_.push_back({Branching::candidate(branch, b, won.id, logprob), bound});
      }
    }
  }

  /// The `width` greatest of all children and of what is finished stay.
  void keep_greatest() {
    std::stable_sort(children_.begin(), children_.end(), [](const Child& a, const Child& b) { return a.perturbed > b.perturbed; });
    std::vector<double> all;
    for (const auto& c : children_) all.push_back(c.perturbed);
    for (const auto& r : finished_) all.push_back(r.perturbed);
    const double least = least_of_greatest(std::move(all), width_);
    std::erase_if(finished_, [&](const Result& r) { return r.perturbed < least; });
    std::vector<BranchType> next;
    std::vector<double> perturbed;
    for (const auto& [c, g] : children_) {
      if (g < least || finished_.size() + next.size() >= width_) break;
      auto& parent = branches_[c.branch];
      auto text = parent.text;
      const auto reason = branching_.push(text, c.token);
      if (reason == StopReason::running) {
        next.push_back(Branching::child(parent, c, std::move(text), false));
        perturbed.push_back(g);
      } else {
        finished_.push_back(branching_.result(Branching::record_of(parent, c), std::move(text), reason, c.sum));
        finished_.back().perturbed = g;
      }
    }
    branches_ = std::move(next);
    perturbed_ = std::move(perturbed);
  }

  std::size_t width_;
  Branching branching_;
  std::vector<BranchType> branches_;
  std::vector<double> perturbed_;  // of each branch
  std::vector<Child> children_;
  std::vector<Result> finished_;
  Lottery lottery_;
  std::vector<float> log_probs_;
};

}  // namespace detail

template <LogitsStep Steps>
template <DecodableSequence S>
std::vector<Result> StochasticBeam<Steps>::search(S sequence, std::vector<Token> prompt, const Options& decoding) const {
  detail::StochasticBeamSearch<S, Steps> search(sequence, prompt.size(), width, decoding);
  return search.run(std::move(sequence), prompt, steps);
}

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/decode/stochastic_beam.ipp"
#endif
