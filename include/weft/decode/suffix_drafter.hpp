// Drafts from a suffix automaton of the text: the longest run at its end that occurred before, of any length, and what followed most often.
// Sources: Hu et al. 2024, "SAM decoding", arXiv:2411.10666; Oliaro et al. 2024, "SuffixDecoding", arXiv:2411.04975.
#pragma once

#include <cstdint>

#include "weft/core/error.hpp"
#include "weft/decode/drafter.hpp"
#include "weft/decode/suffix_automaton.hpp"

namespace weft {

struct SuffixDrafterOptions {
  std::int64_t least_match = 1;  ///< no draft where the longest run is shorter
};

class SuffixDrafter {
 public:
  explicit SuffixDrafter(const SuffixDrafterOptions& options) : least_(static_cast<std::uint32_t>(options.least_match)) {}

  void prepare(std::size_t, std::size_t positions) { text_.reserve(positions); }
  void operator()(std::span<const Token> history, std::size_t most, Draft& draft) {
    if (text_.size() > history.size()) text_.clear();
    while (text_.size() < history.size()) text_.push(history[text_.size()]);
    auto state = text_.match();
    std::size_t length = text_.length(state);
    if (length < least_) return;
    // the end of the text is one of the match's occurrences, and nothing followed it yet
    auto occurrences = text_.count(state) - 1;
    while (draft.size() < most) {
      const auto* next = text_.likeliest(state);
      if (!next) {  // the run reaches the end of the text: a shorter one does not
        state = text_.shorter(state);
        length = text_.length(state);
        if (length < least_) return;
        occurrences = text_.count(state) - 1;
        continue;
      }
      const auto count = text_.count(next->target);
      const bool mostly = 5 * std::uint64_t{count} >= 4 * std::uint64_t{occurrences};
      const unsigned kind = mostly ? (count > 1 ? 3 : 2) : (2 * std::uint64_t{count} >= occurrences ? 1 : 0);
      draft.add(next->token, detail::trust_of_match(length, kind));
      state = next->target;
      occurrences = count;
      ++length;
    }
  }

 private:
  detail::SuffixAutomaton text_;
  std::uint32_t least_;
};

/// Drafts by the longest run of tokens at the end of the text that occurred before, in the prompt or in what was written since; of what
/// followed it, the most frequent, of these the latest. O(1) a token, amortised; some 150 bytes of memory a token.
/// Throws weft::Error(argument) for least_match outside [1, 2^31).
inline SuffixDrafter suffix_drafter(const SuffixDrafterOptions& options = {}) {
  if (options.least_match < 1 || options.least_match > INT32_MAX)
    fail(ErrorKind::argument, "a suffix drafter with least_match ", options.least_match, ": expected 1 or more");
  return SuffixDrafter(options);
}

}  // namespace weft
