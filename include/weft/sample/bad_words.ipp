// Definitions of sample/bad_words.hpp.
#pragma once

#include "weft/sample/bad_words.hpp"

namespace weft {

WEFT_INLINE void BadWords::operator()(std::span<float> logits, const StepContext& context) const {
  ends.for_each_open(context.history, [&](const BiasedSequence& word) {
    const Token last = word.tokens.back();
    const bool is_end = word.tokens.size() == 1 && std::find(context.end_tokens.begin(), context.end_tokens.end(),
                                                             last) != context.end_tokens.end();
    if (!is_end) detail::logit_of(logits, last, "bad_words") = detail::excluded;
  });
}

WEFT_INLINE BadWords bad_words(std::vector<std::vector<Token>> words) {
  std::vector<BiasedSequence> sequences;
  for (auto& word : words) {
    detail::check_sequence(word, "bad_words");
    BiasedSequence sequence;
    sequence.tokens = std::move(word);
    sequences.push_back(std::move(sequence));
  }
  BadWords made;
  made.ends = detail::SequenceEnds(std::move(sequences));
  return made;
}

}  // namespace weft
