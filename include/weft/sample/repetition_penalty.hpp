// Repetition penalty: makes every token that occurred already less likely.
#pragma once

#include "weft/core/error.hpp"
#include "weft/sample/token_counts.hpp"

namespace weft {

namespace detail {

/// Divides a positive logit and multiplies a negative one.
inline float penalised(float x, float penalty) noexcept { return x < 0 ? x * penalty : x / penalty; }

}  // namespace detail

struct RepetitionPenalty : Narrowing {
  static constexpr bool runs_apart = true;
  static constexpr bool follows_history = true;
  float penalty = 1;
  detail::TokenCounts counts{};

  void prepare(std::size_t vocab, std::size_t positions) { counts.prepare(vocab, positions); }
  void operator()(std::span<float> logits, const StepContext& context) {
    if (penalty == 1) return;
    counts.update(logits.size(), context, 0);
    for (const Token id : counts.distinct()) {
      float& x = logits[static_cast<std::size_t>(id)];
      x = detail::penalised(x, penalty);
    }
  }
};

/// Divides positive logits of tokens in the history (prompt included) by `penalty` and multiplies negative ones; each
/// token once, however often it occurred. penalty > 0; above 1 discourages, below 1 encourages repetition.
/// Throws weft::Error(argument) otherwise. O(new tokens + distinct tokens) a step.
/// Source: Keskar et al. 2019 (CTRL), arXiv:1909.05858; RepetitionPenaltyLogitsProcessor of transformers.
inline RepetitionPenalty repetition_penalty(float penalty) {
  if (!(penalty > 0) || penalty > 1e30f)
    fail(ErrorKind::argument, "repetition_penalty(", penalty, "): expected a finite number above 0 (1 changes nothing)");
  RepetitionPenalty made;
  made.penalty = penalty;
  return made;
}

}  // namespace weft
