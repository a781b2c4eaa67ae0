// Definitions of decode/forced_phrases.hpp.
#pragma once

#include "weft/decode/forced_phrases.hpp"

namespace weft::detail {

WEFT_INLINE void check(const std::vector<ForcedPhrase>& phrases) {
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

WEFT_INLINE PhraseProgress::PhraseProgress(const std::vector<ForcedPhrase>& phrases) : phrases_(&phrases) {
  for (std::size_t i = 0; i < phrases.size(); ++i) pending_.push_back(i);
  for (const auto& phrase : phrases) longest_ = std::max(longest_, longest_of(phrase));
}

WEFT_INLINE std::size_t PhraseProgress::bank() const {
  return (phrases_->size() - unmet()) * longest_ + (underway_ ? longest_ - (longest_of((*phrases_)[current_]) - matched_.size()) : 0);
}

WEFT_INLINE void PhraseProgress::add(Token token) {
  if (complete()) return;
  if (underway_) {
    if (advances((*phrases_)[current_], token)) return step(token);
    pending_.push_back(current_);
    underway_ = false;
    matched_.clear();
    return;
  }
  for (std::size_t p = 0; p < pending_.size(); ++p) {
    if (!advances((*phrases_)[pending_[p]], token)) continue;
    current_ = pending_[p];
    pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(p));
    underway_ = true;
    return step(token);
  }
}

WEFT_INLINE std::size_t PhraseProgress::longest_of(const ForcedPhrase& phrase) {
  std::size_t longest = 0;
  for (const auto& one : phrase.any_of) longest = std::max(longest, one.size());
  return longest;
}

WEFT_INLINE bool PhraseProgress::goes_on(const std::vector<Token>& one) const {
  return one.size() > matched_.size() && std::equal(matched_.begin(), matched_.end(), one.begin());
}

WEFT_INLINE bool PhraseProgress::advances(const ForcedPhrase& phrase, Token token) const {
  bool found = false;
  next_of(phrase, [&](Token next) { found = found || next == token; });
  return found;
}

WEFT_INLINE void PhraseProgress::step(Token token) {
  matched_.push_back(token);
  bool more = false;
  next_of((*phrases_)[current_], [&](Token) { more = true; });
  if (more) return;
  underway_ = false;
  matched_.clear();
}

}  // namespace weft::detail
