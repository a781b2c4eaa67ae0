// No-repeat n-gram: no run of n tokens occurs twice.
#pragma once

#include "weft/core/error.hpp"
#include "weft/sample/ngram_index.hpp"
#include "weft/sample/softmax.hpp"

namespace weft {

namespace detail {

/// Excludes a token of the text, if the logits have it.
inline void exclude(std::span<float> logits, Token id) noexcept {
  if (id >= 0 && static_cast<std::size_t>(id) < logits.size()) logits[static_cast<std::size_t>(id)] = excluded;
}

}  // namespace detail

struct NoRepeatNgram : Narrowing {
  static constexpr bool runs_apart = true;
  static constexpr bool follows_history = true;
  detail::NgramIndex prefixes{};  ///< of n - 1 tokens

  void prepare(std::size_t, std::size_t positions) { prefixes.prepare(positions); }
  void operator()(std::span<float> logits, const StepContext& context) {
    prefixes.update(context);
    const auto history = context.history;
    if (history.size() < prefixes.length()) return;
    prefixes.for_each_before(history, history.size(), [&](std::size_t p) { detail::exclude(logits, history[p]); });
  }
};

/// Excludes every token that would complete an n-gram of the history (prompt included) a second time. n >= 1.
/// Throws weft::Error(argument) otherwise. O(new tokens + excluded tokens) a step.
/// Source: Paulus, Xiong, Socher 2017, arXiv:1705.04304; NoRepeatNGramLogitsProcessor of transformers.
inline NoRepeatNgram no_repeat_ngram(std::int64_t n) {
  if (n < 1) fail(ErrorKind::argument, "no_repeat_ngram(", n, "): expected at least 1");
  NoRepeatNgram made;
  made.prefixes = detail::NgramIndex(static_cast<std::size_t>(n) - 1);
  return made;
}

}  // namespace weft
