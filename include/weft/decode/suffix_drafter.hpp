// Drafts from a suffix automaton of the text: the longest run at its end that occurred before, of any length, and what followed most often.
// Sources: Hu et al. 2024, "SAM decoding", arXiv:2411.10666; Oliaro et al. 2024, "SuffixDecoding", arXiv:2411.04975.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "weft/core/error.hpp"
#include "weft/decode/drafter.hpp"
#include "weft/decode/suffix_automaton.hpp"

namespace weft {

struct SuffixDrafterOptions {
  std::int64_t least_match = 1;  ///< no draft where the longest run is shorter
  /// Continuations that are drafted, each with a first token of its own: of what followed the longest run, then of what followed shorter
  /// ones. More than one makes a tree.
  std::int64_t branches = 1;
};

class SuffixDrafter {
 public:
  explicit SuffixDrafter(const SuffixDrafterOptions& options)
      : least_(static_cast<std::uint32_t>(options.least_match)), branches_(static_cast<std::size_t>(options.branches)) {}

  void prepare(std::size_t, std::size_t positions) {
    text_.reserve(positions);
    begun_.reserve(branches_);
  }
  void operator()(std::span<const Token> history, std::size_t most, Draft& draft) {
    if (text_.size() > history.size()) text_.clear();
    while (text_.size() < history.size()) text_.push(history[text_.size()]);
    begun_.clear();
    const std::size_t each = std::max<std::size_t>(1, most / (branches_ + 1));  // of the less likely ones; the first has the rest
    for (auto state = text_.match(); text_.length(state) >= least_ && begun_.size() < branches_ && draft.size() < most;) {
      const auto* next = text_.likeliest(state, begun_);
      if (!next) {
        state = text_.shorter(state);
        continue;
      }
      const std::size_t others = begun_.empty() ? (branches_ - 1) * each : 0;
      const std::size_t share = begun_.empty() ? (most > others ? most - others : 1) : std::min(each, most - draft.size());
      begun_.push_back(next->token);
      write(state, *next, share, draft);
    }
  }

 private:
  using Edge = detail::SuffixAutomaton::Edge;

  /// Drafts `next`, which followed the runs of a state, and what most often came after it.
  void write(detail::SuffixAutomaton::State state, const Edge& first, std::size_t share, Draft& draft) const {
    const Edge* next = &first;
    std::size_t length = text_.length(state);
    // the end of the text is one of the match's occurrences, and nothing followed it yet
    auto occurrences = text_.count(state) - 1;
    for (std::size_t n = 0; n < share; ++n) {
      while (!next) {  // the run reaches the end of the text: a shorter one does not
        state = text_.shorter(state);
        length = text_.length(state);
        if (length < least_) return;
        occurrences = text_.count(state) - 1;
        next = text_.likeliest(state);
      }
      const auto count = text_.count(next->target);
      const bool mostly = 5 * std::uint64_t{count} >= 4 * std::uint64_t{occurrences};
      const unsigned kind = mostly ? (count > 1 ? 3 : 2) : (2 * std::uint64_t{count} >= occurrences ? 1 : 0);
      const auto trust = detail::trust_of_match(length, kind);
      if (n == 0 && draft.size() > 0)
        draft.add_after(Draft::root, next->token, trust);
      else
        draft.add(next->token, trust);
      state = next->target;
      occurrences = count;
      ++length;
      next = text_.likeliest(state);
    }
  }

  detail::SuffixAutomaton text_;
  std::uint32_t least_;
  std::size_t branches_;
  std::vector<Token> begun_;  // first tokens of the branches
};

/// Drafts by the longest run of tokens at the end of the text that occurred before, in the prompt or in what was written since; of what
/// followed it, the most frequent, of these the latest. O(1) a token, amortised; some 150 bytes of memory a token.
/// Throws weft::Error(argument) for least_match outside [1, 2^31) or branches outside [1, 16].
inline SuffixDrafter suffix_drafter(const SuffixDrafterOptions& options = {}) {
  if (options.least_match < 1 || options.least_match > INT32_MAX)
    fail(ErrorKind::argument, "a suffix drafter with least_match ", options.least_match, ": expected 1 or more");
  if (options.branches < 1 || options.branches > 16) fail(ErrorKind::argument, "a suffix drafter of ", options.branches, " branches: expected 1 to 16");
  return SuffixDrafter(options);
}

}  // namespace weft
