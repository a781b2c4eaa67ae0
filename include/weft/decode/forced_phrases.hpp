// Phrases that a text must contain, and how far a branch has come with them.
// Sources: Post and Vilar 2018, "Fast lexically constrained decoding with dynamic beam allocation", arXiv:1804.06609 (banks); phrases,
// disjunctions and their order as in Hugging Face's ConstrainedBeamSearchScorer.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "weft/core/error.hpp"
#include "weft/core/token.hpp"

namespace weft {

/// The text must contain one of these, as tokens in a row. No alternative may begin another.
struct ForcedPhrase {
  std::vector<std::vector<Token>> any_of{};
};

namespace detail {

/// Throws weft::Error(argument) for a phrase without tokens, or with an alternative that begins another.
inline void check(std::span<const ForcedPhrase> phrases) {
  for (const auto& phrase : phrases) {
    if (phrase.any_of.empty()) fail(ErrorKind::argument, "a forced phrase has no alternatives");
    for (const auto& one : phrase.any_of) {
      if (one.empty()) fail(ErrorKind::argument, "a forced phrase has no tokens");
      for (const auto& other : phrase.any_of)
        if (&one != &other && one.size() <= other.size() && std::equal(one.begin(), one.end(), other.begin()))
          fail(ErrorKind::argument, "of the alternatives of a forced phrase one begins another: leave the longer one out");
    }
  }
}

/// Which phrases a branch has, and which one it is in the middle of. A token that does not go on with the phrase in the middle of
/// which a branch is sets that phrase back, and counts for no other.
class PhraseProgress {
 public:
  explicit PhraseProgress(std::span<const ForcedPhrase> phrases) : phrases_(phrases) {
    for (std::size_t i = 0; i < phrases.size(); ++i) pending_.push_back(i);
    for (const auto& phrase : phrases) longest_ = std::max(longest_, longest_of(phrase));
  }

  [[nodiscard]] bool complete() const noexcept { return pending_.empty() && !underway_; }
  [[nodiscard]] std::size_t unmet() const noexcept { return pending_.size() + (underway_ ? 1 : 0); }
  /// How far it has come: a bank of Post and Vilar. Phrases that are complete weigh as the longest one.
  [[nodiscard]] std::size_t bank() const {
    return (phrases_.size() - unmet()) * longest_ + (underway_ ? longest_ - (longest_of(phrases_[current_]) - matched_.size()) : 0);
  }

  /// Calls f with every token that brings it further.
  template <class F>
  void for_each_next(F&& f) const {
    if (underway_) return next_of(phrases_[current_], f);
    for (const auto i : pending_) next_of(phrases_[i], f);
  }

  void add(Token token) {
    if (complete()) return;
    if (underway_) {
      if (advances(phrases_[current_], token)) return step(token);
      pending_.push_back(current_);
      underway_ = false;
      matched_.clear();
      return;
    }
    for (std::size_t p = 0; p < pending_.size(); ++p) {
      if (!advances(phrases_[pending_[p]], token)) continue;
      current_ = pending_[p];
      pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(p));
      underway_ = true;
      return step(token);
    }
  }

 private:
  static std::size_t longest_of(const ForcedPhrase& phrase) {
    std::size_t longest = 0;
    for (const auto& one : phrase.any_of) longest = std::max(longest, one.size());
    return longest;
  }
  [[nodiscard]] bool goes_on(const std::vector<Token>& one) const {
    return one.size() > matched_.size() && std::equal(matched_.begin(), matched_.end(), one.begin());
  }
  template <class F>
  void next_of(const ForcedPhrase& phrase, F&& f) const {
    for (const auto& one : phrase.any_of)
      if (goes_on(one)) f(one[matched_.size()]);
  }
  [[nodiscard]] bool advances(const ForcedPhrase& phrase, Token token) const {
    bool found = false;
    next_of(phrase, [&](Token next) { found = found || next == token; });
    return found;
  }
  void step(Token token) {
    matched_.push_back(token);
    bool more = false;
    next_of(phrases_[current_], [&](Token) { more = true; });
    if (more) return;
    underway_ = false;
    matched_.clear();
  }

  std::span<const ForcedPhrase> phrases_;
  std::vector<std::size_t> pending_;
  std::vector<Token> matched_;  // of the phrase underway
  std::size_t current_ = 0, longest_ = 0;
  bool underway_ = false;
};

}  // namespace detail
}  // namespace weft
