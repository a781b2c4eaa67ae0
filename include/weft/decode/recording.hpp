// What a search that writes one token after the other keeps: the text, the log-probs, the limits, and why it ended.
#pragma once

#include <algorithm>
#include <vector>

#include "weft/core/clock.hpp"
#include "weft/decode/limits.hpp"
#include "weft/decode/options.hpp"
#include "weft/decode/text_output.hpp"
#include "weft/sample/pick.hpp"
#include "weft/sample/select.hpp"

namespace weft::detail {

/// Runs f; false if that ended in Error(cancelled). Other errors pass.
template <class F>
bool unless_cancelled(const std::stop_token& cancel, F&& f) {
  if (cancel.stop_requested()) return false;
  try {
    f();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::cancelled) throw;
    return false;
  }
  return true;
}

/// Appends the prompt; in parts when progress is wanted (the numbers are the same). False when cancelled.
template <DecodableSequence S>
bool prefill(S& sequence, std::span<const Token> prompt, const Options& options, Stats& stats) {
  constexpr std::size_t part = 256;  // wide enough for full speed, short enough for a bar that moves
  const double begin = seconds_now();
  bool whole = true;
  for (std::size_t done = 0; whole && done < prompt.size();) {
    const std::size_t n = options.on_prefill ? std::min(part, prompt.size() - done) : prompt.size();
    whole = unless_cancelled(options.cancel, [&] { sequence.append(prompt.subspan(done, n), {.cancel = options.cancel}); });
    if (!whole) break;
    done += n;
    stats.prefilled_tokens = done;
    if (options.on_prefill) options.on_prefill(done, prompt.size());
  }
  stats.prefill_seconds = seconds_now() - begin;
  if (stats.prefilled_tokens > 0) stats.prefill_tps = static_cast<double>(stats.prefilled_tokens) / stats.prefill_seconds;
  return whole;
}

/// Appends the n most likely tokens of the logits to `into`, padded to n; `best` is scratch.
inline void add_top(std::span<const float> logits, const LogSum& sum, std::size_t n, std::vector<Ranked>& best,
                    std::vector<Alternative>& into) {
  greatest_n(logits, n, best);
  for (const auto& r : best) into.push_back({r.id, sum.of(r.value)});
  for (std::size_t i = best.size(); i < n; ++i) into.push_back({-1, excluded});
}

/// What a step is told before the token that follows `history`.
inline StepContext step_context(std::span<const Token> history, const Limits& limits, const Options& options, std::size_t unchanged) {
  StepContext context;
  context.history = history;
  context.prompt_length = limits.prompt;
  context.end_tokens = limits.end_tokens;
  context.unchanged = unchanged;
  context.seed = options.seed;
  context.branch = options.branch;
  return context;
}

template <class Tokenizer>
class Recording {
 public:
  /// Of a sequence to which `to_append` tokens are to be added first.
  template <class S>
  Recording(const S& sequence, std::size_t to_append, Options options)
      : options_(std::move(options)), limits_(limits_of(sequence, to_append, options_)),
        text_(sequence.model(), options_.stop, std::min(limits_.new_tokens, reserved_tokens)) {
    // all of it at once, so that nothing is allocated per token; a limit that stands for none is not believed
    const std::size_t n = std::min(limits_.new_tokens, reserved_tokens);
    result_.top_n = std::min(static_cast<std::size_t>(options_.logprobs), static_cast<std::size_t>(sequence.model().vocab_size()));
    result_.tokens.reserve(n);
    result_.logprobs.reserve(n);
    result_.raw_logprobs.reserve(n);
    const std::size_t alternatives = std::min(n * result_.top_n, reserved_alternatives);
    result_.top.reserve(alternatives);
    result_.top_raw.reserve(alternatives);
    best_.reserve(2 * result_.top_n + 64);
    result_.stats.prompt_tokens = limits_.prompt;
  }

  [[nodiscard]] const Options& options() const noexcept { return options_; }
  [[nodiscard]] const Limits& limits() const noexcept { return limits_; }
  [[nodiscard]] const Piece& piece() const noexcept { return piece_; }
  [[nodiscard]] Stats& stats() noexcept { return result_.stats; }
  [[nodiscard]] std::size_t size() const noexcept { return result_.tokens.size(); }
  [[nodiscard]] bool ended() const noexcept { return result_.stop != StopReason::running; }
  [[nodiscard]] bool at_limit() const noexcept { return size() == limits_.new_tokens; }
  [[nodiscard]] StepContext context(std::span<const Token> history, std::size_t unchanged) const {
    return step_context(history, limits_, options_, unchanged);
  }

  /// Notes the alternatives to the token that record() is told next. processed: null where no step changed the logits.
  void alternatives(std::span<const float> raw, const LogSum& sum, const std::vector<float>* processed) {
    const auto n = static_cast<std::ptrdiff_t>(result_.top_n);
    if (n == 0) return;
    add_top(raw, sum, result_.top_n, best_, result_.top_raw);
    if (processed)
      add_top(*processed, normaliser(*processed), result_.top_n, best_, result_.top);
    else
      result_.top.insert(result_.top.end(), result_.top_raw.end() - n, result_.top_raw.end());
  }
  void alternatives(std::span<const Alternative> top, std::span<const Alternative> top_raw) {
    result_.top.insert(result_.top.end(), top.begin(), top.end());
    result_.top_raw.insert(result_.top_raw.end(), top_raw.begin(), top_raw.end());
  }

  /// Goes through what another recording with these options wrote, to its state. False where that cannot have been.
  [[nodiscard]] bool replay(const Result& earlier) {
    const std::size_t n = earlier.tokens.size(), top = n * result_.top_n;
    if (earlier.logprobs.size() != n || earlier.raw_logprobs.size() != n || earlier.top.size() != top || earlier.top_raw.size() != top) return false;
    for (std::size_t i = 0; i < n; ++i) {
      if (ended() || at_limit()) return false;
      const auto from = i * result_.top_n;
      alternatives(std::span(earlier.top).subspan(from, result_.top_n), std::span(earlier.top_raw).subspan(from, result_.top_n));
      record({earlier.tokens[i], earlier.logprobs[i]}, earlier.raw_logprobs[i]);
    }
    if (earlier.stop == StopReason::cancelled && !ended()) end_cancelled();
    if (earlier.stop == limits_.reason_at_limit() && !ended() && at_limit()) end(earlier.stop);
    result_.stats = earlier.stats;
    return result_.stop == earlier.stop;
  }

  /// Adds a token, and makes its piece. After that ended() may be true.
  void record(const Choice& choice, float raw_logprob) {
    result_.tokens.push_back(choice.token);
    result_.logprobs.push_back(choice.logprob);
    result_.raw_logprobs.push_back(raw_logprob);
    result_.score += static_cast<double>(raw_logprob);
    result_.stats.generated_tokens = size();
    auto reason = limits_.reason_of(choice.token);
    if (reason != StopReason::running)
      result_.stop_token = choice.token;
    else if (text_.push(choice.token))
      reason = StopReason::stop_string;
    else if (at_limit())
      reason = limits_.reason_at_limit();
    if (reason != StopReason::running) end(reason);
    piece_ = Piece{choice.token, text_.take(), choice.logprob, raw_logprob, {}, {}};
    if (result_.top_n > 0) {
      piece_.top = result_.top_at(size() - 1);
      piece_.top_raw = result_.top_raw_at(size() - 1);
    }
  }

  void end(StopReason reason) {
    // a character that the last token left incomplete may, shown as U+FFFD, be what a stop string waited for
    if (reason != StopReason::stop_string && text_.finish()) reason = StopReason::stop_string;
    if (reason == StopReason::stop_string) result_.stop_string = text_.stop_string();
    result_.stop = reason;
  }
  /// Ends; true if there is a last piece, of text that was held back.
  bool end_cancelled() {
    end(StopReason::cancelled);
    piece_ = Piece{-1, text_.take(), 0, 0, {}, {}};
    return !piece_.text.empty();
  }

  /// The result so far, but for its text and speed.
  [[nodiscard]] const Result& unfinished() const noexcept { return result_; }
  /// The result so far.
  const Result& result() {
    result_.text = text_.text();
    auto& stats = result_.stats;
    if (stats.generated_tokens > 1 && stats.decode_seconds > 0)
      stats.decode_tps = static_cast<double>(stats.generated_tokens - 1) / stats.decode_seconds;
    return result_;
  }

 private:
  static constexpr std::size_t reserved_tokens = 1 << 16, reserved_alternatives = 1 << 20;

  Options options_;
  Limits limits_;
  TextOutput<Tokenizer> text_;
  Result result_;
  Piece piece_;
  std::vector<Ranked> best_;
};

}  // namespace weft::detail
