// Thinking budget: after so many tokens of thinking, closes it.
#pragma once

#include "weft/core/error.hpp"
#include "weft/sample/forced_token.hpp"
#include "weft/sample/sequence_bias.hpp"

namespace weft {

struct ThinkingBudgetOptions {
  std::int64_t budget = 0;                  ///< tokens after the opening, at most
  std::vector<std::vector<Token>> open{};   ///< runs of tokens that open a thought, such as that of <think>
  std::vector<std::vector<Token>> close{};  ///< runs that close it; the model may do so by itself
  std::vector<Token> forced{};              ///< what is written when the budget is spent; empty: close[0]
  bool open_in_prompt = false;              ///< an opening in the prompt counts, its tokens there do too
};

class ThinkingBudget : public Composable {
 public:
  static constexpr bool follows_history = true;
  explicit ThinkingBudget(const ThinkingBudgetOptions& options) : options_(options) {
    if (options_.forced.empty()) options_.forced = options_.close.front();
  }
  void prepare(std::size_t, std::size_t positions) { states_.reserve(positions + 1); }
  void operator()(std::span<float> logits, const StepContext& context);

 private:
  enum class Phase : std::uint8_t { idle, thinking, closing };
  struct State {
    Phase phase = Phase::idle;
    std::uint32_t matched_from = 0;  // tokens of the counted text that no further match may reach back to
    std::int64_t count = 0;          // thinking: tokens so far; closing: tokens forced so far
  };
  [[nodiscard]] State next(State state, std::span<const Token> text) const;
  static bool ends_with(std::span<const Token> text, const std::vector<std::vector<Token>>& runs);

  ThinkingBudgetOptions options_;
  std::vector<State> states_{};  // [counted tokens + 1]: a rewind goes back to the one that was valid there
  std::size_t begin_ = 0;        // of the counted part of the history
};

/// From an opening on, `budget` tokens may be thought; then `forced` is written, each token with a logit of 0 and all others
/// excluded. A later opening has a budget of its own. Throws weft::Error(argument) for a negative budget and for no
/// opening, no closing, or an empty one, and, when applied, for a forced token outside the vocabulary. O(new tokens).
/// Source: llama.cpp's reasoning budget.
inline ThinkingBudget thinking_budget(const ThinkingBudgetOptions& options) {
  if (options.budget < 0) fail(ErrorKind::argument, "thinking_budget: budget ", options.budget, "; expected 0 or more");
  if (options.open.empty() || options.close.empty())
    fail(ErrorKind::argument,
         "thinking_budget: expected at least one run of tokens that opens a thought and one that closes it");
  for (const auto& run : options.open) detail::check_sequence(run, "thinking_budget's open");
  for (const auto& run : options.close) detail::check_sequence(run, "thinking_budget's close");
  return ThinkingBudget(options);
}

inline bool ThinkingBudget::ends_with(std::span<const Token> text, const std::vector<std::vector<Token>>& runs) {
  for (const auto& run : runs)
    if (run.size() <= text.size() &&
        std::equal(run.begin(), run.end(), text.end() - static_cast<std::ptrdiff_t>(run.size())))
      return true;
  return false;
}

/// text: counted so far, the new token last.
inline ThinkingBudget::State ThinkingBudget::next(State state, std::span<const Token> text) const {
  const auto fresh = text.subspan(state.matched_from);
  const auto enter = [&](Phase phase) {
    state.phase = phase;
    state.count = 0;
    state.matched_from = static_cast<std::uint32_t>(text.size());
  };
  switch (state.phase) {
    case Phase::idle:
      if (ends_with(fresh, options_.open)) enter(options_.budget == 0 ? Phase::closing : Phase::thinking);
      break;
    case Phase::thinking:
      if (ends_with(fresh, options_.close))
        enter(Phase::idle);
      else if (++state.count == options_.budget)
        enter(Phase::closing);
      break;
    case Phase::closing:
      if (++state.count == static_cast<std::int64_t>(options_.forced.size())) enter(Phase::idle);
      break;
  }
  return state;
}

inline void ThinkingBudget::operator()(std::span<float> logits, const StepContext& context) {
  const std::size_t begin = options_.open_in_prompt ? 0 : context.prompt_length;
  const std::size_t valid = begin == begin_ && context.unchanged > begin ? context.unchanged - begin : 0;
  begin_ = begin;
  if (states_.size() > valid + 1) states_.resize(valid + 1);
  if (states_.empty()) states_.emplace_back();
  const auto text = context.history.subspan(begin);
  while (states_.size() <= text.size()) states_.push_back(next(states_.back(), text.first(states_.size())));
  const State& now = states_.back();
  if (now.phase != Phase::closing) return;
  const Token forced = options_.forced[static_cast<std::size_t>(now.count)];
  detail::force(logits, std::span<const Token>(&forced, 1), "thinking_budget");
}

}  // namespace weft
