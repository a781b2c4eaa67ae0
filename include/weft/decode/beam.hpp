// Beam search: keeps the `width` best continuations at every step. Branches are forks, so they share what they have
// in common. Sources: Lowerre 1976; groups: Vijayakumar et al. 2018, arXiv:1610.02424 (Hamming diversity); forced phrases: Post and Vilar
// 2018, arXiv:1804.06609; sampled: Hugging Face's beam sampling. Scores, candidates and ends are those of Hugging Face.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "weft/core/config.hpp"
#include "weft/decode/branch.hpp"
#include "weft/decode/forced_phrases.hpp"
#include "weft/decode/hypotheses.hpp"
#include "weft/decode/lottery.hpp"
#include "weft/decode/options.hpp"

namespace weft {

/// A token that could have continued a branch, and what became of it.
struct BeamCandidate {
  enum class Fate {
    pruned,   ///< others were better
    kept,     ///< a branch of the next step
    finished  ///< it ends a text that is among the best so far
  };
  std::size_t parent = 0;  ///< which branch it continues: `child` of the step before; 0 at the first step
  Token token = 0;
  float logprob = 0;       ///< as the search sees it: after the steps, less the diversity
  float raw_logprob = 0;   ///< under the model's own distribution
  double sum = 0;          ///< of logprobs, this token's included: what candidates are ordered by
  Fate fate = Fate::pruned;
  std::size_t child = 0;   ///< of one that is kept: its place among the branches of the next step
};

/// One step of one group of beams. Candidates: the best of all branches together, best first, as many as the search looks at: the width
/// times 1 + the number of end tokens, at least twice the width; behind them those that are there for a forced phrase.
struct BeamStep {
  std::size_t group = 0, length = 0;  ///< length: of the continuations, in tokens, with this one
  std::span<const BeamCandidate> candidates{};  ///< valid during the call
  bool done = false;                  ///< no open branch can do better any more: the group ends
};

struct BeamOptions {
  std::int64_t width = 4;     ///< branches, of all groups together
  float length_penalty = 1;   ///< score = sum of log-probs / length^length_penalty; above 0 favours long texts
  EarlyStopping early_stopping = EarlyStopping::heuristic;
  std::int64_t groups = 1;    ///< that search one after the other at each step; divides the width
  float diversity = 0;        ///< taken from a log-prob for every branch of an earlier group that chose this token at this step
  std::vector<ForcedPhrase> forced{};  ///< each must occur; Result::missing tells of those for which there was no room
  /// What Hugging Face does with forced phrases: they may occur, or begin, in the prompt; a branch that has all of them keeps no place
  /// for that; an end token inside a phrase ends nothing; and where fewer than `returned` open ones have all at the limit, the others
  /// compete with them by their scores.
  bool forced_as_hugging_face = false;
  bool sampled = false;       ///< candidates are drawn, without replacement, in proportion to the product of their probabilities
  std::int64_t returned = 1;  ///< how many of the best to return, at most width
  std::function<void(const BeamStep&)> on_step{};  ///< watches the search: called after each step of each group
};

template <LogitsStep Steps = NoSteps>
struct Beam : Composable {
  BeamOptions options{};
  Steps steps{};

  /// Puts a step before the search. It works on log-probabilities, as in Hugging Face.
  template <LogitsStep Before>
  [[nodiscard]] auto after(Before before) const {
    auto joined = detail::put_before(std::move(before), steps);
    return Beam<decltype(joined)>{{}, options, std::move(joined)};
  }

  template <DecodableSequence S>
  [[nodiscard]] std::vector<Result> search(S sequence, std::vector<Token> prompt, const Options& decoding) const;
};

/// Beam search as a strategy; steps may stand before it: repetition_penalty(1.2f) | beam({.width = 8}).
/// Throws weft::Error(argument) for a width outside [1, most_branches], `returned` outside [1, width], groups that do not divide the width,
/// a negative diversity, or forced phrases that are empty or begin one another.
Beam<> beam(const BeamOptions& options = {});

namespace detail {

/// A candidate that is kept: its index, how far it has come with its phrases, and its sum of log-probs.
struct BankPlace {
  std::size_t index = 0, bank = 0;
  double sum = 0;
  std::size_t rank = 0;  ///< in its bank
};
/// Shares the width out among candidates that have come equally far: the best of each bank first, then the second best of each, ...
void share_width(std::vector<BankPlace>& places, std::size_t width);

/// What a step of a beam considered.
struct BeamStepRecord {
  std::vector<Candidate> candidates, forced, ended;  ///< forced: those that are there for a forced phrase; ended: candidates that end a text
};
/// Tells who watches what became of the candidates of a step, of which `kept` are the branches of the next. step: without candidates.
void report(const std::function<void(const BeamStep&)>& on_step, BeamStep step, const BeamStepRecord& record, const std::vector<Candidate>& kept);

/// Those that have all phrases first, then by score; as many as are to be returned.
void keep_best(std::vector<Result>& results, const BeamOptions& options);

template <DecodableSequence S, class Steps>
class BeamSearch {
 public:
  BeamSearch(const S& root, std::size_t to_append, const Beam<Steps>& beam, const Options& options)
      : beam_(beam.options), width_(static_cast<std::size_t>(beam_.width / beam_.groups)), branching_(root, to_append, options) {}

  /// The best hypotheses, best first.
  std::vector<Result> run(S sequence, const std::vector<Token>& prompt, const Steps& steps) {
    auto [root, going] = branching_.root(std::move(sequence), prompt, steps);
    begin(std::move(root));
    const auto& limits = branching_.limits();
    for (std::size_t length = 1; going && length <= limits.new_tokens; ++length) {
      if (length > 1) going = extend();
      if (!going) break;
      spoken_.clear();
      for (auto& group : groups_)
        if (!group.branches.empty()) step(group, length);
      if (branching_.heard()) tell();
      branching_.generated(length);
      if (std::all_of(groups_.begin(), groups_.end(), [](const Group& g) { return g.branches.empty(); })) return finish();
    }
    // the limit or a cancellation: open branches are hypotheses as they stand
    const auto reason = going ? limits.reason_at_limit() : StopReason::cancelled;
    for (auto& group : groups_) close(group, reason);
    return finish();
  }

 private:
  using Branching = detail::Branching<S, Steps>;
  using BranchType = typename Branching::BranchType;
  using Text = typename Branching::Text;

  struct Group {
    std::vector<BranchType> branches;
    std::vector<PhraseProgress> progress;  // of each branch
    Hypotheses hypotheses;
    std::vector<Result> lacking;  // open branches at the end that lack phrases
  };
  struct Kept {
    Candidate candidate;
    Text text;
    PhraseProgress progress;
  };

  void begin(BranchType root) {
    PhraseProgress progress(beam_.forced);
    if (beam_.forced_as_hugging_face)
      for (const Token t : std::span<const Token>(root.sequence.tokens())) progress.add(t);
    for (std::int64_t g = 0; g < beam_.groups; ++g) {
      groups_.push_back({{}, {progress}, Hypotheses(width_, beam_.length_penalty, beam_.early_stopping), {}});
      groups_.back().branches.emplace_back(root.sequence.fork(), root.steps, root.text);
    }
  }

  bool extend() {
    for (auto& group : groups_)
      for (auto& branch : group.branches) branching_.add_to_pass(branch);
    return branching_.run_pass();
  }

  void step(Group& group, std::size_t length) {
    collect(group);
    const double best_sum = at_step_.candidates.empty() ? -HUGE_VAL : at_step_.candidates.front().sum;
    select(group, length);
    if (!beam_.forced.empty()) share_out(group, length);
    go_on(group);
    for (const auto& branch : group.branches) spoken_.push_back(branch.tokens.back());
    const bool done = group.hypotheses.is_done(best_sum, length, branching_.limits().new_tokens);
    if (beam_.on_step) report(group, length, done);
    if (done) group.branches.clear();
  }

  /// Tells who watches what became of the candidates.
  void report(const Group& group, std::size_t length, bool done) {
    std::vector<Candidate> kept;
    for (const auto& k : kept_) kept.push_back(k.candidate);
    detail::report(beam_.on_step, {static_cast<std::size_t>(&group - groups_.data()), length, {}, done}, at_step_, kept);
  }

  /// The best (or drawn) continuations of all branches, best first: enough that `width` remain when all that end are taken out.
  void collect(Group& group) {
    const std::size_t wanted = std::max<std::size_t>(2, 1 + branching_.limits().end_tokens.size()) * width_;
    at_step_.candidates.clear();
    at_step_.forced.clear();
    if (beam_.sampled) lotteries_.resize(group.branches.size());
    for (std::size_t b = 0; b < group.branches.size(); ++b) {
      auto& branch = group.branches[b];
      const auto next = branching_.next(branch, beam_.diversity > 0 && !spoken_.empty(), [&](std::vector<float>& logprobs) {
        for (const Token t : spoken_) logprobs[static_cast<std::size_t>(t)] -= beam_.diversity;
      });
      if (beam_.sampled) {
        lotteries_[b].fill(log_probs_of(next.values, next.sum, log_probs_));
      } else {
        for (const auto& r : greatest_.find(next.values, wanted)) at_step_.candidates.push_back(Branching::candidate(branch, b, r.id, next.sum.of(r.value)));
      }
      group.progress[b].for_each_next([&](Token t) {
        if (t < 0 || static_cast<std::size_t>(t) >= branching_.vocab())
          fail(ErrorKind::argument, "a forced phrase holds token ", t, ", which is outside the vocabulary of ", branching_.vocab());
        if (next.of(t) != excluded) at_step_.forced.push_back(Branching::candidate(branch, b, t, next.of(t)));
      });
      if (beam_.forced.empty() || beam_.forced_as_hugging_face || !group.progress[b].complete()) continue;
      // what has all phrases is not to be lost to likelier texts that have not
      for (const auto& r : greatest_.find(next.values, 1)) at_step_.forced.push_back(Branching::candidate(branch, b, r.id, next.sum.of(r.value)));
    }
    if (beam_.sampled) draw(group, wanted);
    keep_best(at_step_.candidates, wanted);
  }

  /// `wanted` continuations of all branches together, drawn without replacement by their sums of log-probs.
  void draw(const Group& group, std::size_t wanted) {
    const auto& options = branching_.options();
    const std::size_t position = group.branches.front().sequence.size();
    const auto group_index = static_cast<std::size_t>(&group - groups_.data());
    weights_.resize(group.branches.size());
    for (std::size_t n = 0; n < wanted; ++n) {
      for (std::size_t b = 0; b < weights_.size(); ++b)
        weights_[b] = static_cast<float>(group.branches[b].sum + lotteries_[b].log_weight());
      branch_lottery_.fill(weights_);
      if (branch_lottery_.log_weight() == -HUGE_VAL) return;
      const std::size_t index = 2 * (group_index * wanted + n);
      const auto b = static_cast<std::size_t>(branch_lottery_.draw(draw_at(options.seed, options.branch, position, index)).id);
      const auto won = lotteries_[b].draw(draw_at(options.seed, options.branch, position, index + 1));
      at_step_.candidates.push_back(Branching::candidate(group.branches[b], b, won.id, won.value));
    }
  }

  /// Candidates that end become hypotheses if they are among the best `width`; the best `width` others are kept.
  void select(Group& group, std::size_t length) {
    kept_.clear();
    at_step_.ended.clear();
    for (std::size_t rank = 0; rank < at_step_.candidates.size() && kept_.size() < width_; ++rank)
      consider(group, at_step_.candidates[rank], length, rank < width_, false);
  }

  void consider(Group& group, const Candidate& c, std::size_t length, bool may_end, bool forced) {
    const auto& parent = group.branches[c.branch];
    Text text = parent.text;
    auto progress = group.progress[c.branch];
    progress.add(c.token);
    auto reason = branching_.push(text, c.token);
    if (forced && beam_.forced_as_hugging_face && reason != StopReason::stop_string) reason = StopReason::running;
    if (reason == StopReason::running)
      kept_.push_back({c, std::move(text), std::move(progress)});
    else if (may_end && progress.complete() && add(group, Branching::record_of(parent, c), std::move(text), reason, length))
      at_step_.ended.push_back(c);
  }

  /// Adds what brings a phrase further, and shares the width out among those that have come equally far.
  void share_out(Group& group, std::size_t length) {
    const std::size_t before = kept_.size();
    for (const auto& c : at_step_.forced) {
      const bool there = std::any_of(kept_.begin(), kept_.end(), [&](const Kept& k) {
        return k.candidate.branch == c.branch && k.candidate.token == c.token;
      });
      if (!there) consider(group, c, length, true, true);
    }
    if (kept_.size() == before) return;
    std::vector<BankPlace> places;
    for (std::size_t i = 0; i < kept_.size(); ++i) places.push_back({i, kept_[i].progress.bank(), kept_[i].candidate.sum});
    share_width(places, width_);
    std::vector<Kept> shared;
    for (const auto& place : places) shared.push_back(std::move(kept_[place.index]));
    kept_ = std::move(shared);
  }

  /// The kept candidates become the branches. A parent's last child takes its sequence, the others fork it.
  void go_on(Group& group) {
    std::vector<std::size_t> children(group.branches.size(), 0);
    for (const auto& k : kept_) ++children[k.candidate.branch];
    std::vector<BranchType> next;
    next.reserve(kept_.size());
    group.progress.clear();
    for (auto& k : kept_) {
      const bool last = --children[k.candidate.branch] == 0;
      next.push_back(Branching::child(group.branches[k.candidate.branch], k.candidate, std::move(k.text), last));
      group.progress.push_back(std::move(k.progress));
    }
    group.branches = std::move(next);
  }

  /// Hands over the pieces that all branches and hypotheses have in common: whichever of them wins, it begins like that.
  void tell() {
    const Record* first = nullptr;
    std::size_t common = std::numeric_limits<std::size_t>::max();
    const auto agree = [&](const std::vector<Token>& tokens) {
      common = std::min(common, tokens.size() - 1);  // the last may be the last of all
      if (first) common = common_prefix(std::span(tokens).first(common), first->tokens);
    };
    for (const auto& group : groups_)
      for (const auto& branch : group.branches) {
        agree(branch.tokens);
        if (!first) first = &branch;
      }
    if (!first) return;
    for (auto& group : groups_)
      for (const auto& hypothesis : group.hypotheses.best()) agree(hypothesis.tokens);
    branching_.tell(*first, common);
  }

  /// Makes a hypothesis, if it is wanted. length: of the sum, the end token included.
  bool add(Group& group, Record record, Text text, StopReason reason, std::size_t length) {
    if (!group.hypotheses.wants(record.sum, length)) return false;
    const double score = group.hypotheses.score(record.sum, length);
    group.hypotheses.add(branching_.result(std::move(record), std::move(text), reason, score));
    return true;
  }

  void close(Group& group, StopReason reason) {
    std::int64_t complete = 0;
    for (const auto& progress : group.progress) complete += progress.complete();
    const bool compete = beam_.forced_as_hugging_face && complete < beam_.returned;
    for (std::size_t b = 0; b < group.branches.size(); ++b) {
      auto& branch = group.branches[b];
      const std::size_t length = branch.tokens.size(), missing = group.progress[b].unmet();
      if (missing > 0 && beam_.forced_as_hugging_face && !compete) continue;
      const double sum = branch.sum, score = group.hypotheses.score(sum, length);
      auto result = branching_.result(std::move(branch), std::move(branch.text), reason, score);
      result.missing = missing;
      if (missing > 0 && !compete)
        group.lacking.push_back(std::move(result));
      else if (group.hypotheses.wants(sum, length))
        group.hypotheses.add(std::move(result));
    }
  }

  /// Those that have all phrases first, then by score; of equals the later group's first, as in Hugging Face's sort.
  std::vector<Result> finish() {
    std::vector<Result> all;
    for (auto group = groups_.rbegin(); group != groups_.rend(); ++group)
      for (auto* results : {&group->hypotheses.best(), &group->lacking})
        for (auto& r : *results) all.push_back(std::move(r));
    keep_best(all, beam_);
    return branching_.finish(std::move(all));
  }

  BeamOptions beam_;
  std::size_t width_;  // of a group
  Branching branching_;
  std::vector<Group> groups_;
  BeamStepRecord at_step_;
  std::vector<Kept> kept_;
  std::vector<Token> spoken_;  // by earlier groups, at this step
  Greatest greatest_;
  std::vector<Lottery> lotteries_;
  Lottery branch_lottery_;
  std::vector<float> weights_, log_probs_;
};

}  // namespace detail

template <LogitsStep Steps>
template <DecodableSequence S>
std::vector<Result> Beam<Steps>::search(S sequence, std::vector<Token> prompt, const Options& decoding) const {
  detail::BeamSearch<S, Steps> search(sequence, prompt.size(), *this, decoding);
  return search.run(std::move(sequence), prompt, steps);
}

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/decode/beam.ipp"
#endif
