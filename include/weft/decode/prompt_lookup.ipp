// Definitions of decode/prompt_lookup.hpp.
#pragma once

#include "weft/decode/prompt_lookup.hpp"

namespace weft {

WEFT_INLINE PromptLookup::PromptLookup(const PromptLookupOptions& options) {
  for (auto n = options.most_ngram; n >= options.least_ngram; --n) indices_.emplace_back(static_cast<std::size_t>(n));
}

WEFT_INLINE void PromptLookup::prepare(std::size_t, std::size_t positions) {
  for (auto& index : indices_) index.prepare(positions);
}

WEFT_INLINE void PromptLookup::operator()(std::span<const Token> history, std::size_t most, Draft& draft) {
  for (auto& index : indices_) {
    if (index.places() > history.size() + 1) index.clear();
    index.extend(history);
  }
  std::size_t place = 0;
  for (std::size_t i = 0; place == 0 && i < indices_.size(); ++i)
    if (history.size() > indices_[i].length()) place = indices_[i].latest_before(history, history.size());
  if (place == 0) return;
  std::size_t length = 1;  // how far back the two places agree says how alike they are
  while (length < longest && length < place && history[place - 1 - length] == history[history.size() - 1 - length]) ++length;
  for (std::size_t i = 0; i < most && place + i < history.size(); ++i)
    draft.add(history[place + i], detail::trust_of_match(length + i, 2));
}

WEFT_INLINE PromptLookup prompt_lookup(const PromptLookupOptions& options) {
  if (options.least_ngram < 1 || options.most_ngram < options.least_ngram || options.most_ngram > 16)
    fail(ErrorKind::argument, "prompt lookup of ", options.least_ngram, " to ", options.most_ngram, " tokens: expected 1 <= least_ngram <= most_ngram <= 16");
  return PromptLookup(options);
}

}  // namespace weft
