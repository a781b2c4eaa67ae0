// Definitions of sample/thinking_budget.hpp.
#pragma once

#include "weft/sample/thinking_budget.hpp"

namespace weft {

WEFT_INLINE bool ThinkingBudget::ends_with(std::span<const Token> text, const std::vector<std::vector<Token>>& runs) {
  for (const auto& run : runs)
    if (run.size() <= text.size() &&
        std::equal(run.begin(), run.end(), text.end() - static_cast<std::ptrdiff_t>(run.size())))
      return true;
  return false;
}

/// text: counted so far, the new token last.
WEFT_INLINE ThinkingBudget::State ThinkingBudget::next(State state, std::span<const Token> text) const {
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

WEFT_INLINE void ThinkingBudget::operator()(std::span<float> logits, const StepContext& context) {
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

WEFT_INLINE ThinkingBudget::ThinkingBudget(const ThinkingBudgetOptions& options) : options_(options) {
  if (options_.forced.empty()) options_.forced = options_.close.front();
}

WEFT_INLINE void ThinkingBudget::prepare(std::size_t, std::size_t positions) { states_.reserve(positions + 1); }

WEFT_INLINE ThinkingBudget thinking_budget(const ThinkingBudgetOptions& options) {
  if (options.budget < 0) fail(ErrorKind::argument, "thinking_budget: budget ", options.budget, "; expected 0 or more");
  if (options.open.empty() || options.close.empty())
    fail(ErrorKind::argument,
         "thinking_budget: expected at least one run of tokens that opens a thought and one that closes it");
  for (const auto& run : options.open) detail::check_sequence(run, "thinking_budget's open");
  for (const auto& run : options.close) detail::check_sequence(run, "thinking_budget's close");
  return ThinkingBudget(options);
}

}  // namespace weft
