// Bias over sequences: adds a number to the token that would complete one.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "weft/sample/step.hpp"

namespace weft {

struct BiasedSequence {
  std::vector<Token> tokens{};
  float value = 0;
};

namespace detail {

/// Token runs, found by the token before the last: a step looks at those alone whose prefix could end here.
class SequenceEnds {
 public:
  SequenceEnds() = default;
  explicit SequenceEnds(std::vector<BiasedSequence> sequences);
  /// Calls f(sequence) for each whose tokens but the last are the end of the history.
  template <class F>
  void for_each_open(std::span<const Token> history, F&& f) const {
    for_each_with(single, history, f);
    if (!history.empty() && history.back() >= 0) for_each_with(history.back(), history, f);
  }

 private:
  static constexpr Token single = -1;  // key of the runs of one token: they are open everywhere
  static Token key(const BiasedSequence& s) noexcept {
    return s.tokens.size() < 2 ? single : s.tokens[s.tokens.size() - 2];
  }

  template <class F>
  void for_each_with(Token wanted, std::span<const Token> history, F&& f) const {
    auto at = std::lower_bound(sequences_.begin(), sequences_.end(), wanted,
                               [](const BiasedSequence& s, Token t) { return key(s) < t; });
    for (; at != sequences_.end() && key(*at) == wanted; ++at) {
      const std::size_t prefix = at->tokens.size() - 1;
      if (prefix <= history.size() &&
          std::equal(at->tokens.begin(), at->tokens.end() - 1, history.end() - static_cast<std::ptrdiff_t>(prefix)))
        f(*at);
    }
  }

  std::vector<BiasedSequence> sequences_;
};

/// Error(argument) for an empty sequence or a negative id, in the name of the step.
void check_sequence(std::span<const Token> tokens, const char* step);

}  // namespace detail

struct SequenceBias : Narrowing {
  static constexpr bool runs_apart = true;
  detail::SequenceEnds ends{};
  void operator()(std::span<float> logits, std::span<const Token> history) const;
};

/// sequence_bias({{{7, 9}, -2.0f}, ...}): adds value (in nats; -infinity forbids) to the logit of a sequence's last token
/// wherever the history ends in the tokens before it. Throws weft::Error(argument) for an empty sequence, a negative id,
/// NaN or +infinity, and, when applied, for a token outside the vocabulary. O(sequences that share their last but one
/// token with the end of the history). Source: SequenceBiasLogitsProcessor of transformers.
SequenceBias sequence_bias(std::vector<BiasedSequence> sequences);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/sample/sequence_bias.ipp"
#endif
