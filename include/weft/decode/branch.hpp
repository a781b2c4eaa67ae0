// What searches over several continuations have in common: branches that are forks, one pass over all of them, and the
// log-probabilities of what may come next, after the steps.
#pragma once

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/decode/recording.hpp"

namespace weft::detail {

/// A branch and the token that may continue it.
struct Candidate {
  double sum = 0;  ///< of log-probs, this token's included
  float logprob = 0, raw_logprob = 0;
  std::size_t branch = 0;
  Token token = 0;
};

/// What a branch has chosen so far.
struct Record {
  std::vector<Token> tokens{};
  std::vector<float> logprobs{}, raw_logprobs{};
  std::vector<Alternative> top{}, top_raw{};
  double sum = 0;  ///< of logprobs

  /// Adds a chosen token and its alternatives.
  void add(const Candidate& chosen, const std::vector<Alternative>& its_top, const std::vector<Alternative>& its_top_raw);
};

template <DecodableSequence S, class Steps>
struct Branch : Record {
  S sequence;
  Steps steps;
  TextOutput<TokenizerOf<S>> text;
  std::size_t unchanged = 0;
  LogSum raw_sum{};
  std::vector<Alternative> next_top{}, next_top_raw{};  ///< of the token to come

  Branch(S s, Steps of_parent, TextOutput<TokenizerOf<S>> t) : sequence(std::move(s)), steps(std::move(of_parent)), text(std::move(t)) {}
};

/// Those with the greatest sums, best first, `most` at most; of equals the earlier ones.
void keep_best(std::vector<Candidate>& candidates, std::size_t most);

/// Log-probabilities of the next token of a branch as a search sees them: sum.of(values[i]).
struct NextLogits {
  std::span<const float> values;
  LogSum sum;
  [[nodiscard]] float of(Token token) const noexcept { return sum.of(values[static_cast<std::size_t>(token)]); }
};

template <DecodableSequence S, class Steps>
class Branching {
 public:
  using Text = TextOutput<TokenizerOf<S>>;
  using BranchType = Branch<S, Steps>;

  Branching(const S& root, std::size_t to_append, const Options& options)
      : options_(options), limits_(limits_of(root, to_append, options)), vocab_(static_cast<std::size_t>(root.model().vocab_size())),
        top_n_(std::min(static_cast<std::size_t>(options.logprobs), vocab_)) {
    stats_.prompt_tokens = limits_.prompt;
  }

  [[nodiscard]] const Options& options() const noexcept { return options_; }
  [[nodiscard]] const Limits& limits() const noexcept { return limits_; }
  [[nodiscard]] std::size_t vocab() const noexcept { return vocab_; }

  /// The branch that all others come from, with the prompt run; the second is false when that was cancelled.
  std::pair<BranchType, bool> root(S sequence, std::span<const Token> prompt, const Steps& steps) {
    Text text(sequence.model(), options_.stop, limits_.new_tokens);
    if (options_.on_piece) told_text_.emplace(text);
    BranchType made(std::move(sequence), steps, std::move(text));
    weft::prepare(made.steps, vocab_, limits_.prompt + limits_.new_tokens);
    begin_ = seconds_now();
    const bool whole = prefill(made.sequence, prompt, options_, stats_);
    return {std::move(made), whole};
  }

  /// One pass over branches, each with the token that it chose last. False when cancelled.
  template <class Branches>
  bool extend(Branches& branches) {
    pointers_.clear();
    last_.clear();
    for (auto& branch : branches) add_to_pass(branch);
    return run_pass();
  }
  /// The same in two parts, for branches that are not all of a container.
  void add_to_pass(BranchType& branch) {
    pointers_.push_back(&branch.sequence);
    last_.push_back(branch.tokens.back());
  }
  bool run_pass() {
    const bool done = unless_cancelled(options_.cancel, [&] {
      append_to_each(std::span<S* const>(pointers_), std::span<const Token>(last_), options_.cancel);
    });
    pointers_.clear();
    last_.clear();
    return done;
  }

  /// The log-probs of the next token; valid until the next call. `adjust(values)` may lower some before the steps see them.
  /// Throws weft::Error(argument) that names the first NaN.
  template <class Adjust>
  NextLogits next(BranchType& branch, bool adjusted, Adjust&& adjust) {
    const std::span<const float> raw = branch.sequence.logits();
    branch.raw_sum = normaliser(raw);
    NextLogits made{raw, branch.raw_sum};
    constexpr bool plain = std::same_as<Steps, NoSteps>;
    if (!plain || adjusted) {
      processed_.assign(raw.begin(), raw.end());
      for (float& x : processed_) x = branch.raw_sum.of(x);
      if (adjusted) adjust(processed_);
      if constexpr (!plain) {
        const auto history = std::span<const Token>(branch.sequence.tokens());
        weft::apply(branch.steps, std::span<float>(processed_), step_context(history, limits_, options_, branch.unchanged));
        branch.unchanged = history.size();
        greatest(processed_);  // for its refusal of NaN
      }
      made.values = processed_;
      made.sum = as_they_are();
    }
    if (top_n_ > 0) note_alternatives(branch, made);
    return made;
  }
  NextLogits next(BranchType& branch) {
    return next(branch, false, [](std::vector<float>&) {});
  }

  /// A branch that next() was called for, and a token of the given log-prob.
  static Candidate candidate(const BranchType& branch, std::size_t index, Token token, float logprob) {
    const float raw = branch.raw_sum.of(std::span<const float>(branch.sequence.logits())[static_cast<std::size_t>(token)]);
    return {branch.sum + static_cast<double>(logprob), logprob, raw, index, token};
  }

  /// Adds a token to a text; why the branch ends with it, or running.
  StopReason push(Text& text, Token token) const {
    const auto reason = limits_.reason_of(token);
    return reason == StopReason::running && text.push(token) ? StopReason::stop_string : reason;
  }

  /// `parent`'s record, extended by the candidate.
  static Record record_of(const BranchType& parent, const Candidate& c) {
    Record made = parent;
    made.add(c, parent.next_top, parent.next_top_raw);
    return made;
  }
  /// The branch that goes on by the candidate. take: it takes its parent's sequence instead of forking it.
  static BranchType child(BranchType& parent, const Candidate& c, Text text, bool take) {
    BranchType made(take ? std::move(parent.sequence) : parent.sequence.fork(), parent.steps, std::move(text));
    static_cast<Record&>(made) = parent;
    made.unchanged = parent.unchanged;
    made.add(c, parent.next_top, parent.next_top_raw);
    return made;
  }

  /// A finished record as a result.
  Result result(Record record, Text text, StopReason reason, double score) const {
    Result r;
    if (reason != StopReason::stop_string && text.finish()) reason = StopReason::stop_string;
    if (reason == StopReason::stop_string) r.stop_string = text.stop_string();
    if (reason == StopReason::end_token || reason == StopReason::stop_token) r.stop_token = record.tokens.back();
    r.text = text.text();
    r.tokens = std::move(record.tokens);
    r.score = score;
    r.logprobs = std::move(record.logprobs);
    r.raw_logprobs = std::move(record.raw_logprobs);
    r.top_n = top_n_;
    r.top = std::move(record.top);
    r.top_raw = std::move(record.top_raw);
    r.stop = reason;
    return r;
  }

  /// Whether somebody listens to the pieces.
  [[nodiscard]] bool heard() const noexcept { return told_text_.has_value(); }
  /// Hands over the pieces of the first `end` tokens of a record, but for those handed over before, which must be the same. Of a text that may
  /// have ended, not the last one: finish() does that, since it may bring text that was held back.
  void tell(const Record& record, std::size_t end) {
    while (heard() && told_ < end) tell_next(record, false);
  }

  /// Tells the clock that `length` tokens are chosen.
  void generated(std::size_t length) {
    stats_.generated_tokens = length;
    if (length != 1) return;
    stats_.time_to_first_token = seconds_now() - begin_;
    begin_ = seconds_now();
  }
  /// Puts the statistics into the results, and hands over the pieces of the best that are left. Throws weft::Error(argument) when there are none: all tokens were excluded.
  std::vector<Result> finish(std::vector<Result> results) {
    if (results.empty()) fail_all_excluded();
    if (stats_.generated_tokens > 0) stats_.decode_seconds = seconds_now() - begin_;
    if (stats_.generated_tokens > 1 && stats_.decode_seconds > 0)
      stats_.decode_tps = static_cast<double>(stats_.generated_tokens - 1) / stats_.decode_seconds;
    for (auto& r : results) r.stats = stats_;
    const auto& best = results.front();
    while (heard() && told_ < best.tokens.size()) tell_next(best, told_ + 1 == best.tokens.size());
    return results;
  }

 private:
  /// Of a Record or a Result.
  template <class R>
  void tell_next(const R& record, bool last) {
    const Token token = record.tokens[told_];
    (void)push(*told_text_, token);
    if (last) (void)told_text_->finish();
    Piece piece{token, told_text_->take(), record.logprobs[told_], record.raw_logprobs[told_], {}, {}};
    if (top_n_ > 0) {
      piece.top = std::span(record.top).subspan(told_ * top_n_, top_n_);
      piece.top_raw = std::span(record.top_raw).subspan(told_ * top_n_, top_n_);
    }
    ++told_;
    options_.on_piece(piece);
  }

  static LogSum as_they_are() noexcept {
    LogSum sum;
    sum.max = 0;
    return sum;
  }

  void note_alternatives(BranchType& branch, const NextLogits& next) {
    branch.next_top.clear();
    branch.next_top_raw.clear();
    add_top(branch.sequence.logits(), branch.raw_sum, top_n_, greatest_, branch.next_top_raw);
    add_top(next.values, next.sum, top_n_, greatest_, branch.next_top);  // as the search sees them, not normalised again
  }

  Options options_;
  Limits limits_;
  std::size_t vocab_, top_n_;
  std::vector<float> processed_;
  Greatest greatest_;
  std::vector<S*> pointers_;
  std::vector<Token> last_;
  std::optional<Text> told_text_;  // of the pieces handed over so far
  std::size_t told_ = 0;
  double begin_ = 0;
  Stats stats_;
};

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/decode/branch.ipp"
#endif
