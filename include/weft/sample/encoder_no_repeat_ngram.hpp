// Encoder no-repeat n-gram: no run of n tokens of a source text is repeated.
#pragma once

#include "weft/sample/no_repeat_ngram.hpp"

namespace weft {

struct EncoderNoRepeatNgram : Narrowing {
  static constexpr bool runs_apart = true;
  std::vector<Token> source{};
  detail::NgramIndex prefixes{};  ///< of n - 1 tokens, of the source

  void operator()(std::span<float> logits, std::span<const Token> history) const {
    if (history.size() < prefixes.length()) return;
    prefixes.for_each_like(source, history, [&](std::size_t p) {
      if (p < source.size()) detail::exclude(logits, source[p]);
    });
  }
};

/// Excludes every token that would complete an n-gram of the source. n >= 1. Throws weft::Error(argument) otherwise.
/// Source: EncoderNoRepeatNGramLogitsProcessor of transformers (encoder_no_repeat_ngram_size), whose source is what the
/// encoder read.
inline EncoderNoRepeatNgram encoder_no_repeat_ngram(std::int64_t n, std::vector<Token> source) {
  if (n < 1) fail(ErrorKind::argument, "encoder_no_repeat_ngram(", n, "): expected at least 1");
  EncoderNoRepeatNgram made;
  made.source = std::move(source);
  made.prefixes = detail::NgramIndex(static_cast<std::size_t>(n) - 1);
  made.prefixes.extend(made.source);
  return made;
}

}  // namespace weft
