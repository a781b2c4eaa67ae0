// Prompt lookup: what followed the last few tokens when they occurred before, in the prompt or in what was written since.
// Source: Saxena 2023, "Prompt lookup decoding"; as "LLMA" in Yang et al. 2023, arXiv:2304.04487.
#pragma once

#include <algorithm>
#include <vector>

#include "weft/core/error.hpp"
#include "weft/decode/drafter.hpp"
#include "weft/sample/ngram_index.hpp"

namespace weft {

struct PromptLookupOptions {
  std::int64_t most_ngram = 3;   ///< so many last tokens are looked for first,
  std::int64_t least_ngram = 1;  ///< then one fewer, down to this
};

class PromptLookup {
 public:
  explicit PromptLookup(const PromptLookupOptions& options) {
    for (auto n = options.most_ngram; n >= options.least_ngram; --n) indices_.emplace_back(static_cast<std::size_t>(n));
  }

  void prepare(std::size_t, std::size_t positions) {
    for (auto& index : indices_) index.prepare(positions);
  }
  void operator()(std::span<const Token> history, std::size_t most, Draft& draft) {
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

 private:
  static constexpr std::size_t longest = 16;  // beyond, trust does not grow

  std::vector<detail::NgramIndex> indices_;  // longest first
};

/// Drafts what followed the latest earlier occurrence of the last `most_ngram` tokens, or of fewer. For texts that quote: summaries,
/// edits, code. O(1) a token. Throws weft::Error(argument) unless 1 <= least_ngram <= most_ngram <= 16.
inline PromptLookup prompt_lookup(const PromptLookupOptions& options = {}) {
  if (options.least_ngram < 1 || options.most_ngram < options.least_ngram || options.most_ngram > 16)
    fail(ErrorKind::argument, "prompt lookup of ", options.least_ngram, " to ", options.most_ngram, " tokens: expected 1 <= least_ngram <= most_ngram <= 16");
  return PromptLookup(options);
}

}  // namespace weft
