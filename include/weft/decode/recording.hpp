// What a search that writes one token after the other keeps: the text, the log-probs, the limits, and why it ended.
#pragma once

#include <algorithm>
#include <vector>

#include "weft/core/clock.hpp"
#include "weft/core/config.hpp"
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

/// Appends the n most likely tokens of the logits to `into`, padded to n.
void add_top(std::span<const float> logits, const LogSum& sum, std::size_t n, Greatest& greatest,
                    std::vector<Alternative>& into);

/// What a step is told before the token that follows `history`.
StepContext step_context(std::span<const Token> history, const Limits& limits, const Options& options, std::size_t unchanged);

/// The part of it that is the same for all tokenizers.
class RecordingBase {
 public:
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
  void alternatives(std::span<const float> raw, const LogSum& sum, const std::vector<float>* processed);
  void alternatives(std::span<const Alternative> top, std::span<const Alternative> top_raw);

  /// The result so far, but for its text and speed.
  [[nodiscard]] const Result& unfinished() const noexcept { return result_; }

 protected:
  static constexpr std::size_t reserved_tokens = 1 << 16, reserved_alternatives = 1 << 20;

  RecordingBase(const Options& options, Limits limits, std::size_t vocab);

  /// Whether another recording with these options can have written the result.
  [[nodiscard]] bool may_replay(const Result& earlier) const;
  void add(const Choice& choice, float raw_logprob);
  /// The piece of the token that add() was told.
  void make_piece(const Choice& choice, float raw_logprob, std::string_view text);
  void measure_speed();

  Options options_;
  Limits limits_;
  Result result_;
  Piece piece_;

 private:
  Greatest greatest_;
};

template <class Tokenizer>
class Recording : public RecordingBase {
 public:
  /// Of a sequence to which `to_append` tokens are to be added first.
  template <class S>
  Recording(const S& sequence, std::size_t to_append, const Options& options)
      : RecordingBase(options, limits_of(sequence, to_append, options), static_cast<std::size_t>(sequence.model().vocab_size())),
        text_(sequence.model(), options_.stop, std::min(limits_.new_tokens, reserved_tokens)) {}

  /// Goes through what another recording with these options wrote, to its state. False where that cannot have been.
  [[nodiscard]] bool replay(const Result& earlier) {
    if (!may_replay(earlier)) return false;
    for (std::size_t i = 0; i < earlier.tokens.size(); ++i) {
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
    add(choice, raw_logprob);
    auto reason = limits_.reason_of(choice.token);
    if (reason != StopReason::running)
      result_.stop_token = choice.token;
    else if (text_.push(choice.token))
      reason = StopReason::stop_string;
    else if (at_limit())
      reason = limits_.reason_at_limit();
    if (reason != StopReason::running) end(reason);
    make_piece(choice, raw_logprob, text_.take());
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

  /// The result so far.
  const Result& result() {
    result_.text = text_.text();
    measure_speed();
    return result_;
  }

 private:
  TextOutput<Tokenizer> text_;
};

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/decode/recording.ipp"
#endif
