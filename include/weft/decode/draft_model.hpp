// Drafts by another, smaller model with the same tokenizer, or by the same one at another precision.
// Sources: Leviathan et al. 2023, arXiv:2211.17192; Chen et al. 2023, arXiv:2302.01318.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/decode/concept.hpp"
#include "weft/decode/drafter.hpp"
#include "weft/sample/select.hpp"
#include "weft/sample/softmax.hpp"

namespace weft {

/// A sequence of the drafting model that follows the text and writes ahead of it. Copies are forks.
template <DecodableSequence S>
class DraftModel {
 public:
  explicit DraftModel(S sequence) : sequence_(std::move(sequence)) {}
  DraftModel(const DraftModel& other) : sequence_(other.sequence_.fork()) {}
  DraftModel(DraftModel&&) noexcept = default;

  /// Throws weft::Error(argument) where the vocabularies differ in size.
  void prepare(std::size_t vocab, std::size_t) {
    const auto own = static_cast<std::size_t>(sequence_.model().vocab_size());
    if (own != vocab)
      fail(ErrorKind::argument, "a draft model needs the vocabulary of the model it drafts for: it has ", own, " tokens, the other ", vocab);
  }

  void operator()(std::span<const Token> history, std::size_t most, Draft& draft) {
    if (history.size() > sequence_.capacity()) return;  // its context is shorter than the text
    try {
      follow(history);
      write(most, draft);
    } catch (const Error& error) {  // no memory for a draft is no reason to end the text
      if (error.kind() != ErrorKind::resource) throw;
    }
  }

 private:
  static constexpr double worth_it = 0.15;  // a token that is reached less often than this is not worth a pass of this model

  void write(std::size_t most, Draft& draft) {
    double reached = 1;
    while (draft.size() < most) {
      const std::span<const float> logits = sequence_.logits();
      const auto sum = normaliser(logits);
      const float p = std::exp(sum.of(sum.max));
      reached *= static_cast<double>(p);
      if (reached < worth_it && draft.size() > 0) return;
      draft.add(detail::first_equal(logits, sum.max), static_cast<std::uint8_t>(std::clamp(p, 0.0f, 1.0f) * Draft::most_trust));
      if (draft.size() == most || sequence_.size() == sequence_.capacity()) return;
      const Token token = draft.tokens.back();
      sequence_.append(std::span<const Token>(&token, 1));
    }
  }

  /// Makes the sequence the history: keeps what they have in common.
  void follow(std::span<const Token> history) {
    const std::span<const Token> own = sequence_.tokens();
    const auto differ = std::mismatch(own.begin(), own.end(), history.begin(), history.end());
    const auto common = static_cast<std::size_t>(differ.first - own.begin());
    if (common < own.size()) sequence_.rewind(common);
    if (common < history.size()) sequence_.append(history.subspan(common));
  }

  S sequence_;
};

/// Drafts greedily by a sequence over another model: speculative(chain, draft_model(Sequence(small))). The sequence may be empty; what it
/// holds of the prompt need not be run again. It stops where it is unsure. Ids must mean the same in both models.
template <DecodableSequence S>
DraftModel<S> draft_model(S sequence) {
  return DraftModel<S>(std::move(sequence));
}

}  // namespace weft
