// Definitions of sample/sequence_bias.hpp.
#pragma once

#include <algorithm>

#include "weft/core/config.hpp"
#include "weft/sample/sequence_bias.hpp"

namespace weft {

namespace detail {

WEFT_INLINE SequenceEnds::SequenceEnds(std::vector<BiasedSequence> sequences) : sequences_(std::move(sequences)) {
  std::stable_sort(sequences_.begin(), sequences_.end(),
                   [](const BiasedSequence& a, const BiasedSequence& b) { return key(a) < key(b); });
}

WEFT_INLINE void check_sequence(std::span<const Token> tokens, const char* step) {
  if (tokens.empty()) fail(ErrorKind::argument, step, ": a sequence is empty; expected at least one token");
  for (const Token id : tokens)
    if (id < 0) fail(ErrorKind::argument, step, ": token ", id, " in a sequence; expected ids from 0");
}

}  // namespace detail

WEFT_INLINE void SequenceBias::operator()(std::span<float> logits, std::span<const Token> history) const {
  ends.for_each_open(history, [&](const BiasedSequence& s) {
    detail::logit_of(logits, s.tokens.back(), "sequence_bias") += s.value;
  });
}

WEFT_INLINE SequenceBias sequence_bias(std::vector<BiasedSequence> sequences) {
  for (const auto& s : sequences) {
    detail::check_sequence(s.tokens, "sequence_bias");
    if (std::isnan(s.value) || s.value > 3e38f)
      fail(ErrorKind::argument, "sequence_bias of ", s.value, ": expected a finite number or -infinity");
  }
  SequenceBias made;
  made.ends = detail::SequenceEnds(std::move(sequences));
  return made;
}

}  // namespace weft
