// One pass over the paths of drafted trees: which sequence runs which tokens, and where the logits after each of them go.
#pragma once

#include <span>
#include <stop_token>
#include <vector>

#include "weft/decode/concept.hpp"
#include "weft/decode/draft_tree.hpp"

namespace weft::detail {

template <VerifyingSequence S>
class PathPass {
 public:
  void clear() {
    sequences_.clear(), starts_.clear(), tokens_.clear();
  }
  void reserve(std::size_t rows) { tokens_.reserve(rows); }

  /// Adds the paths of a tree, each after `token`. The first is run by `sequence`, the others by forks of it that are put into `forks`, which
  /// was empty; neither may move before the pass. first_rows: where the logits of each path begin, see run().
  void add(S& sequence, Token token, const DraftTree& tree, std::vector<S>& forks, std::vector<std::size_t>& first_rows) {
    forks.reserve(tree.paths() - 1);
    for (std::size_t p = 1; p < tree.paths(); ++p) forks.push_back(sequence.fork());
    first_rows.resize(tree.paths());
    // The sequence itself comes last: when its forks have copied the page that they will write, what it reserved is its alone.
    for (std::size_t k = 1; k <= tree.paths(); ++k) {
      const std::size_t p = k % tree.paths();
      first_rows[p] = logit_rows();
      sequences_.push_back(p == 0 ? &sequence : &forks[p - 1]);
      starts_.push_back(tokens_.size());
      tokens_.push_back(token);
      for (const auto node : tree.path(p)) tokens_.push_back(tree.draft().tokens[static_cast<std::size_t>(node)]);
    }
  }

  [[nodiscard]] std::size_t rows() const noexcept { return tokens_.size(); }
  /// Rows of logits to be written: none after the last token of a path, which its sequence has.
  [[nodiscard]] std::size_t logit_rows() const noexcept { return tokens_.size() - sequences_.size(); }

  /// logits: [logit_rows, vocab], path by path: after the token before the drafted ones, after the first of these, ... On an error the
  /// sequence that was added last is as it was; the others may be longer.
  void run(std::span<float> logits, const std::stop_token& cancel) {
    texts_.clear();
    for (std::size_t i = 0; i < starts_.size(); ++i)
      texts_.push_back(std::span<const Token>(tokens_).subspan(starts_[i], (i + 1 < starts_.size() ? starts_[i + 1] : tokens_.size()) - starts_[i]));
    if (tokens_.size() == 1)
      sequences_[0]->append(texts_[0], {.cancel = cancel});
    else if (sequences_.size() == 1)
      sequences_[0]->append_with_logits(texts_[0], logits, {.cancel = cancel});
    else
      append_to_each_with_logits(std::span<S* const>(sequences_), std::span<const std::span<const Token>>(texts_), logits, cancel);
  }

 private:
  std::vector<S*> sequences_;
  std::vector<std::size_t> starts_;  // of each sequence's tokens
  std::vector<Token> tokens_;
  std::vector<std::span<const Token>> texts_;
};

}  // namespace weft::detail
