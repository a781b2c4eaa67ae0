// Phrases that a text must contain, and how far a branch has come with them.
// Sources: Post and Vilar 2018, "Fast lexically constrained decoding with dynamic beam allocation", arXiv:1804.06609 (banks); phrases,
// disjunctions and their order as in Hugging Face's ConstrainedBeamSearchScorer.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/core/error.hpp"
#include "weft/core/token.hpp"

namespace weft {

/// The text must contain one of these, as tokens in a row. No alternative may begin another.
struct ForcedPhrase {
  std::vector<std::vector<Token>> any_of{};
};

namespace detail {

/// Throws weft::Error(argument) for a phrase without tokens, or with an alternative that begins another.
void check(const std::vector<ForcedPhrase>& phrases);

/// Which phrases a branch has, and which one it is in the middle of. A token that does not go on with the phrase in the middle of
/// which a branch is sets that phrase back, and counts for no other.
class PhraseProgress {
 public:
  explicit PhraseProgress(const std::vector<ForcedPhrase>& phrases);

  [[nodiscard]] bool complete() const noexcept { return pending_.empty() && !underway_; }
  [[nodiscard]] std::size_t unmet() const noexcept { return pending_.size() + (underway_ ? 1 : 0); }
  /// How far it has come: a bank of Post and Vilar. Phrases that are complete weigh as the longest one.
  [[nodiscard]] std::size_t bank() const;

  /// Calls f with every token that brings it further.
  template <class F>
  void for_each_next(F&& f) const {
    if (underway_) return next_of((*phrases_)[current_], f);
    for (const auto i : pending_) next_of((*phrases_)[i], f);
  }

  void add(Token token);

 private:
  static std::size_t longest_of(const ForcedPhrase& phrase);
  [[nodiscard]] bool goes_on(const std::vector<Token>& one) const;
  template <class F>
  void next_of(const ForcedPhrase& phrase, F&& f) const {
    for (const auto& one : phrase.any_of)
      if (goes_on(one)) f(one[matched_.size()]);
  }
  [[nodiscard]] bool advances(const ForcedPhrase& phrase, Token token) const;
  void step(Token token);

  const std::vector<ForcedPhrase>* phrases_;
  std::vector<std::size_t> pending_;
  std::vector<Token> matched_;  // of the phrase underway
  std::size_t current_ = 0, longest_ = 0;
  bool underway_ = false;
};

}  // namespace detail
}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/decode/forced_phrases.ipp"
#endif
