// Repetition penalty: makes every token that occurred already less likely.
#pragma once

#include <vector>

#include "weft/core/error.hpp"
#include "weft/sample/step.hpp"

namespace weft {

struct RepetitionPenalty : Composable {
  float penalty = 1;
  std::vector<Token> distinct{};   ///< tokens of the history, each once
  std::vector<bool> seen{};        ///< [vocab]: is it in distinct
  std::size_t length = 0;          ///< how much of the history is counted

  void prepare(std::size_t vocab, std::size_t positions) {
    seen.assign(vocab, false);
    distinct.clear();
    distinct.reserve(vocab < positions ? vocab : positions);
    length = 0;
  }
  void operator()(std::span<float> logits, const StepContext& context) {
    if (penalty == 1) return;
    count(logits.size(), context);
    for (const Token id : distinct) {
      float& x = logits[static_cast<std::size_t>(id)];
      x = x < 0 ? x * penalty : x / penalty;
    }
  }

 private:
  void count(std::size_t vocab, const StepContext& context) {
    if (context.unchanged < length || seen.size() != vocab) {
      seen.assign(vocab, false);
      distinct.clear();
      length = 0;
    }
    for (; length < context.history.size(); ++length) {
      const Token id = context.history[length];
      if (id < 0 || static_cast<std::size_t>(id) >= vocab || seen[static_cast<std::size_t>(id)]) continue;
      seen[static_cast<std::size_t>(id)] = true;
      distinct.push_back(id);
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
