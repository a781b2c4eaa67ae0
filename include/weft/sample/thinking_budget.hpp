// Thinking budget: after so many tokens of thinking, closes it.
#pragma once

#include "weft/core/config.hpp"
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
  explicit ThinkingBudget(const ThinkingBudgetOptions& options);
  void prepare(std::size_t, std::size_t positions);
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
ThinkingBudget thinking_budget(const ThinkingBudgetOptions& options);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/sample/thinking_budget.ipp"
#endif
