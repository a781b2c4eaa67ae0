// Definitions of decode/recording.hpp.
#pragma once

#include "weft/decode/recording.hpp"

namespace weft::detail {

WEFT_INLINE void add_top(std::span<const float> logits, const LogSum& sum, std::size_t n, Greatest& greatest,
                    std::vector<Alternative>& into) {
  const auto best = greatest.find(logits, n);
  for (const auto& r : best) into.push_back({r.id, sum.of(r.value)});
  for (std::size_t i = best.size(); i < n; ++i) into.push_back({-1, excluded});
}

WEFT_INLINE StepContext step_context(std::span<const Token> history, const Limits& limits, const Options& options, std::size_t unchanged) {
  StepContext context;
  context.history = history;
  context.prompt_length = limits.prompt;
  context.end_tokens = limits.end_tokens;
  context.unchanged = unchanged;
  context.seed = options.seed;
  context.branch = options.branch;
  return context;
}

WEFT_INLINE RecordingBase::RecordingBase(const Options& options, Limits limits, std::size_t vocab)
    : options_(options), limits_(std::move(limits)) {
  // all of it at once, so that nothing is allocated per token; a limit that stands for none is not believed
  const std::size_t n = std::min(limits_.new_tokens, reserved_tokens);
  result_.top_n = std::min(static_cast<std::size_t>(options_.logprobs), vocab);
  result_.tokens.reserve(n);
  result_.logprobs.reserve(n);
  result_.raw_logprobs.reserve(n);
  const std::size_t alternatives = std::min(n * result_.top_n, reserved_alternatives);
  result_.top.reserve(alternatives);
  result_.top_raw.reserve(alternatives);
  if (result_.top_n > 0) greatest_.reserve(vocab, result_.top_n);
  result_.stats.prompt_tokens = limits_.prompt;
}

WEFT_INLINE void RecordingBase::alternatives(std::span<const float> raw, const LogSum& sum, const std::vector<float>* processed) {
  const auto n = static_cast<std::ptrdiff_t>(result_.top_n);
  if (n == 0) return;
  add_top(raw, sum, result_.top_n, greatest_, result_.top_raw);
  if (processed)
    add_top(*processed, normaliser(*processed), result_.top_n, greatest_, result_.top);
  else
    result_.top.insert(result_.top.end(), result_.top_raw.end() - n, result_.top_raw.end());
}

WEFT_INLINE void RecordingBase::alternatives(std::span<const Alternative> top, std::span<const Alternative> top_raw) {
  result_.top.insert(result_.top.end(), top.begin(), top.end());
  result_.top_raw.insert(result_.top_raw.end(), top_raw.begin(), top_raw.end());
}

WEFT_INLINE bool RecordingBase::may_replay(const Result& earlier) const {
  const std::size_t n = earlier.tokens.size(), top = n * result_.top_n;
  return earlier.logprobs.size() == n && earlier.raw_logprobs.size() == n && earlier.top.size() == top && earlier.top_raw.size() == top;
}

WEFT_INLINE void RecordingBase::add(const Choice& choice, float raw_logprob) {
  result_.tokens.push_back(choice.token);
  result_.logprobs.push_back(choice.logprob);
  result_.raw_logprobs.push_back(raw_logprob);
  result_.score += static_cast<double>(raw_logprob);
  result_.stats.generated_tokens = size();
}

WEFT_INLINE void RecordingBase::make_piece(const Choice& choice, float raw_logprob, std::string_view text) {
  piece_ = Piece{choice.token, text, choice.logprob, raw_logprob, {}, {}};
  if (result_.top_n == 0) return;
  piece_.top = result_.top_at(size() - 1);
  piece_.top_raw = result_.top_raw_at(size() - 1);
}

WEFT_INLINE void RecordingBase::measure_speed() {
  auto& stats = result_.stats;
  if (stats.generated_tokens > 1 && stats.decode_seconds > 0)
    stats.decode_tps = static_cast<double>(stats.generated_tokens - 1) / stats.decode_seconds;
}

}  // namespace weft::detail
