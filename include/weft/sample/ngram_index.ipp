// Definitions of sample/ngram_index.hpp.
#pragma once

#include "weft/sample/ngram_index.hpp"

namespace weft::detail {

WEFT_INLINE void NgramIndex::extend(std::span<const Token> text) {
  while (links_.size() <= text.size()) add(text);
}

WEFT_INLINE std::size_t NgramIndex::latest_before(std::span<const Token> text, std::size_t end) const {
  for (Place p = links_[end]; p != none; p = links_[p])
    if (same(text, p, text, end)) return p;
  return 0;
}

WEFT_INLINE void NgramIndex::add(std::span<const Token> text) {
  const std::size_t p = links_.size();
  if (p < length_) return links_.push_back(none);
  Place& head = heads_[bucket(text, p)];
  links_.push_back(head);
  head = static_cast<Place>(p);
}

}  // namespace weft::detail
