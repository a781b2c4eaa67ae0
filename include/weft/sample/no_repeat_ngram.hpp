// No-repeat n-gram: no run of n tokens occurs twice.
#pragma once

#include <algorithm>

#include "weft/core/error.hpp"
#include "weft/sample/softmax.hpp"
#include "weft/sample/step.hpp"

namespace weft {

struct NoRepeatNgram : Composable {
  std::size_t n = 1;
  void operator()(std::span<float> logits, std::span<const Token> history) const {
    if (history.size() + 1 < n) return;
    const std::size_t length = n - 1;  // of the prefix that the next token would complete
    const auto prefix = history.last(length);
    for (std::size_t i = 0; i + length < history.size(); ++i) {
      const Token next = history[i + length];
      if (std::equal(prefix.begin(), prefix.end(), history.begin() + static_cast<std::ptrdiff_t>(i)) && next >= 0 &&
          static_cast<std::size_t>(next) < logits.size())
        logits[static_cast<std::size_t>(next)] = detail::excluded;
    }
  }
};

/// Excludes every token that would complete an n-gram of the history (prompt included) a second time. n >= 1.
/// Throws weft::Error(argument) otherwise. O(history) a step.
/// Source: Paulus, Xiong, Socher 2017, arXiv:1705.04304; NoRepeatNGramLogitsProcessor of transformers.
inline NoRepeatNgram no_repeat_ngram(std::int64_t n) {
  if (n < 1) fail(ErrorKind::argument, "no_repeat_ngram(", n, "): expected at least 1");
  NoRepeatNgram made;
  made.n = static_cast<std::size_t>(n);
  return made;
}

}  // namespace weft
