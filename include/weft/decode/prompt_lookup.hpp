// Prompt lookup: what followed the last few tokens when they occurred before, in the prompt or in what was written since.
// Source: Saxena 2023, "Prompt lookup decoding"; as "LLMA" in Yang et al. 2023, arXiv:2304.04487.
#pragma once

#include <algorithm>
#include <vector>

#include "weft/core/config.hpp"
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
  explicit PromptLookup(const PromptLookupOptions& options);

  void prepare(std::size_t, std::size_t positions);
  void operator()(std::span<const Token> history, std::size_t most, Draft& draft);

 private:
  static constexpr std::size_t longest = 16;  // beyond, trust does not grow

  std::vector<detail::NgramIndex> indices_;  // longest first
};

/// Drafts what followed the latest earlier occurrence of the last `most_ngram` tokens, or of fewer. For texts that quote: summaries,
/// edits, code. O(1) a token. Throws weft::Error(argument) unless 1 <= least_ngram <= most_ngram <= 16.
PromptLookup prompt_lookup(const PromptLookupOptions& options = {});

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/decode/prompt_lookup.ipp"
#endif
