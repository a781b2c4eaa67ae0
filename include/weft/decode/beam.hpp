// Beam search: keeps the `width` best continuations at every step. Branches are forks, so they share what they have
// in common. Source: Lowerre 1976; length normalisation as Wu et al. 2016, arXiv:1609.08144. Scores, candidates and
// ends are those of Hugging Face's BeamSearchScorer.
#pragma once

#include <cmath>

#include "weft/decode/generation.hpp"

namespace weft {

/// When to stop looking, once `width` hypotheses are finished.
enum class EarlyStopping {
  when_width_finished,  ///< at once (Hugging Face: True)
  heuristic,            ///< when the best open branch, at its present length, is no better than the worst (False)
  never                 ///< when it cannot become better at any length up to the limit ("never")
};

struct BeamOptions {
  std::int64_t width = 4;
  float length_penalty = 1;  ///< score = sum of log-probs / length^length_penalty; above 0 favours long texts
  EarlyStopping early_stopping = EarlyStopping::heuristic;
  std::int64_t returned = 1;  ///< how many of the best to return, at most width
};

template <LogitsStep Steps = NoSteps>
struct Beam : Composable {
  BeamOptions options{};
  Steps steps{};

  /// Puts a step before the search. It works on log-probabilities, as in Hugging Face.
  template <LogitsStep Before>
  [[nodiscard]] auto after(Before before) const {
    if constexpr (std::same_as<Steps, NoSteps>) {
      return Beam<Before>{{}, options, std::move(before)};
    } else {
      return Beam<Chain<Before, Steps>>{{}, options, {std::move(before), steps}};
    }
  }
};

/// Beam search as a strategy; steps may stand before it: repetition_penalty(1.2f) | beam({.width = 8}).
/// Throws weft::Error(argument) for a width below 1, or `returned` outside [1, width].
inline Beam<> beam(const BeamOptions& options = {}) {
  if (options.width < 1) fail(ErrorKind::argument, "beam width ", options.width, ": expected at least 1");
  if (options.returned < 1 || options.returned > options.width)
    fail(ErrorKind::argument, "beam search returns ", options.returned, " of width ", options.width, ": expected 1 to the width");
  if (!std::isfinite(options.length_penalty)) fail(ErrorKind::argument, "the length penalty is not finite");
  Beam<> made;
  made.options = options;
  return made;
}

namespace detail {

template <class T>
inline constexpr bool is_beam = false;
template <class Steps>
inline constexpr bool is_beam<Beam<Steps>> = true;

template <DecodableSequence S, class Steps>
class BeamSearch {
 public:
  BeamSearch(S root, std::vector<Token> prompt, const Beam<Steps>& beam, const Options& options)
      : beam_(beam.options), options_(options), prompt_(std::move(prompt)), limits_(limits_of(root, prompt_.size(), options)),
        vocab_(static_cast<std::size_t>(root.model().vocab_size())) {
    Text text(root.model(), options_.stop, limits_.new_tokens);
    branches_.emplace_back(std::move(root), beam.steps, std::move(text));
    weft::prepare(branches_.front().steps, vocab_, limits_.prompt + limits_.new_tokens);
    top_n_ = std::min(static_cast<std::size_t>(options_.logprobs), vocab_);
    stats_.prompt_tokens = limits_.prompt;
  }

  /// The best hypotheses, best first.
  std::vector<Result> run() {
    begin_ = seconds_now();
    bool going = prefill(branches_.front().sequence, std::span<const Token>(prompt_), options_, stats_);
    for (std::size_t length = 1; going && length <= limits_.new_tokens; ++length) {
      if (length > 1) going = extend();
      if (!going) break;
      collect();
      select(length);
      stats_.generated_tokens = length;
      if (length == 1) {
        stats_.time_to_first_token = seconds_now() - begin_;
        begin_ = seconds_now();
      }
      if (branches_.empty() || is_done(length)) return finish();
    }
    // the limit or a cancellation: open branches are hypotheses as they stand
    const auto reason = going ? limits_.reason_at_limit() : StopReason::cancelled;
    for (auto& branch : branches_) {
      const std::size_t length = branch.tokens.size();
      add(std::move(branch), std::move(branch.text), reason, length);
    }
    return finish();
  }

 private:
  using Text = TextOutput<TokenizerOf<S>>;

  struct Record {  // what a branch has chosen so far
    std::vector<Token> tokens{};
    std::vector<float> logprobs{}, raw_logprobs{};
    std::vector<Alternative> top{}, top_raw{};
    double sum = 0;  // of logprobs
  };
  struct Branch : Record {
    S sequence;
    Steps steps;
    Text text;
    std::size_t unchanged = 0;
    LogSum raw_sum{};
    std::vector<Alternative> next_top{}, next_top_raw{};  // of the token to come

    Branch(S s, Steps of_parent, Text t) : sequence(std::move(s)), steps(std::move(of_parent)), text(std::move(t)) {}
  };
  struct Candidate {
    double sum;
    float logprob, raw_logprob;
    std::size_t branch;
    Token token;
  };

  /// One pass over all branches, each with the token that it chose last. False when cancelled.
  bool extend() {
    pointers_.clear();
    last_.clear();
    for (auto& branch : branches_) {
      pointers_.push_back(&branch.sequence);
      last_.push_back(branch.tokens.back());
    }
    return unless_cancelled(options_.cancel, [&] {
      append_to_each(std::span<S* const>(pointers_), std::span<const Token>(last_), options_.cancel);
    });
  }

  /// The best continuations of all branches, best first: enough that `width` remain when all that end are taken out.
  void collect() {
    const auto width = static_cast<std::size_t>(beam_.width);
    const std::size_t wanted = std::max<std::size_t>(2, 1 + limits_.end_tokens.size()) * width;
    candidates_.clear();
    for (std::size_t b = 0; b < branches_.size(); ++b) {
      auto& branch = branches_[b];
      const std::span<const float> raw = branch.sequence.logits();
      branch.raw_sum = normaliser(raw);
      if constexpr (std::same_as<Steps, NoSteps>) {
        greatest_n(raw, wanted, best_);
        for (auto& r : best_) r.value = branch.raw_sum.of(r.value);
      } else {
        process(branch, raw);
        greatest_n(processed_, wanted, best_);
      }
      for (const auto& r : best_)
        candidates_.push_back({branch.sum + static_cast<double>(r.value), r.value,
                               branch.raw_sum.of(raw[static_cast<std::size_t>(r.id)]), b, r.id});
      if (top_n_ > 0) note_alternatives(branch, raw);
    }
    std::stable_sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) { return a.sum > b.sum; });
    if (candidates_.size() > wanted) candidates_.resize(wanted);
  }

  void process(Branch& branch, std::span<const float> raw) {
    processed_.assign(raw.begin(), raw.end());
    for (float& x : processed_) x = branch.raw_sum.of(x);
    StepContext context;
    context.history = branch.sequence.tokens();
    context.prompt_length = limits_.prompt;
    context.end_tokens = limits_.end_tokens;
    context.unchanged = branch.unchanged;
    context.seed = options_.seed;
    context.branch = options_.branch;
    weft::apply(branch.steps, std::span<float>(processed_), context);
    branch.unchanged = context.history.size();
    greatest(processed_);  // for its refusal of NaN
  }

  void note_alternatives(Branch& branch, std::span<const float> raw) {
    branch.next_top.clear();
    branch.next_top_raw.clear();
    std::vector<Ranked> best;
    add_top(raw, branch.raw_sum, top_n_, best, branch.next_top_raw);
    if constexpr (std::same_as<Steps, NoSteps>) {
      branch.next_top = branch.next_top_raw;
    } else {  // scores as the search sees them, not normalised again
      LogSum as_they_are;
      as_they_are.max = 0;
      add_top(processed_, as_they_are, top_n_, best, branch.next_top);
    }
  }

  void extend_record(Record& record, const Branch& parent, const Candidate& c) const {
    record.tokens.push_back(c.token);
    record.logprobs.push_back(c.logprob);
    record.raw_logprobs.push_back(c.raw_logprob);
    record.sum = c.sum;
    record.top.insert(record.top.end(), parent.next_top.begin(), parent.next_top.end());
    record.top_raw.insert(record.top_raw.end(), parent.next_top_raw.begin(), parent.next_top_raw.end());
  }

  /// Candidates that end become hypotheses if they are among the best `width`; the best `width` others live on.
  void select(std::size_t length) {
    const auto width = static_cast<std::size_t>(beam_.width);
    best_sum_ = candidates_.empty() ? -HUGE_VAL : candidates_.front().sum;
    chosen_.clear();
    std::vector<Text> texts;
    for (std::size_t rank = 0; rank < candidates_.size() && chosen_.size() < width; ++rank) {
      const auto& c = candidates_[rank];
      auto reason = limits_.reason_of(c.token);
      Text text = branches_[c.branch].text;
      if (reason == StopReason::running && text.push(c.token)) reason = StopReason::stop_string;
      if (reason == StopReason::running) {
        chosen_.push_back(c);
        texts.push_back(std::move(text));
      } else if (rank < width) {
        Record ended = branches_[c.branch];
        extend_record(ended, branches_[c.branch], c);
        add(std::move(ended), std::move(text), reason, length);
      }
    }
    // a parent's last child takes its sequence, the others fork it
    std::vector<std::size_t> children(branches_.size(), 0);
    for (const auto& c : chosen_) ++children[c.branch];
    std::vector<Branch> next;
    next.reserve(chosen_.size());
    for (std::size_t i = 0; i < chosen_.size(); ++i) {
      const auto& c = chosen_[i];
      auto& parent = branches_[c.branch];
      const bool last = --children[c.branch] == 0;
      next.emplace_back(last ? std::move(parent.sequence) : parent.sequence.fork(), parent.steps, std::move(texts[i]));
      static_cast<Record&>(next.back()) = parent;
      next.back().unchanged = parent.unchanged;
      extend_record(next.back(), parent, c);
    }
    branches_ = std::move(next);
  }

  /// Makes a hypothesis; the best `width` are kept. length: of the sum, the end token included.
  void add(Record record, Text text, StopReason reason, std::size_t length) {
    const double score = scored(record.sum, length);
    const bool full = hypotheses_.size() == static_cast<std::size_t>(beam_.width);
    if (full && !(score > hypotheses_.back().score)) return;
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
    // equals: the newer first, as in Hugging Face's sort
    auto at = hypotheses_.begin();
    while (at != hypotheses_.end() && at->score > score) ++at;
    hypotheses_.insert(at, std::move(r));
    if (full) hypotheses_.pop_back();
  }

  [[nodiscard]] double scored(double sum, std::size_t length) const {
    return length == 0 ? sum : sum / std::pow(static_cast<double>(length), static_cast<double>(beam_.length_penalty));
  }

  [[nodiscard]] bool is_done(std::size_t length) const {
    if (hypotheses_.size() < static_cast<std::size_t>(beam_.width)) return false;
    if (beam_.early_stopping == EarlyStopping::when_width_finished) return true;
    const bool at_limit = beam_.early_stopping == EarlyStopping::never && beam_.length_penalty > 0;
    return hypotheses_.back().score >= scored(best_sum_, at_limit ? limits_.new_tokens : length);
  }

  std::vector<Result> finish() {
    if (hypotheses_.empty()) fail_all_excluded();
    if (stats_.generated_tokens > 0) stats_.decode_seconds = seconds_now() - begin_;
    if (stats_.generated_tokens > 1 && stats_.decode_seconds > 0)
      stats_.decode_tps = static_cast<double>(stats_.generated_tokens - 1) / stats_.decode_seconds;
    if (hypotheses_.size() > static_cast<std::size_t>(beam_.returned))
      hypotheses_.resize(static_cast<std::size_t>(beam_.returned));
    for (auto& r : hypotheses_) r.stats = stats_;
    return std::move(hypotheses_);
  }

  BeamOptions beam_;
  Options options_;
  std::vector<Token> prompt_;
  Limits limits_;
  std::size_t vocab_, top_n_ = 0;
  std::vector<Branch> branches_;
  std::vector<Result> hypotheses_;  // best first
  std::vector<Candidate> candidates_, chosen_;
  std::vector<float> processed_;
  std::vector<Ranked> best_;
  std::vector<S*> pointers_;
  std::vector<Token> last_;
  double best_sum_ = 0;
  double begin_ = 0;
  Stats stats_;
};

}  // namespace detail
}  // namespace weft
