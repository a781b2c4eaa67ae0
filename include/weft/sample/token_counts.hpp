// How often each token occurred: what penalties remember, brought up to date by the new tokens alone.
#pragma once

#include <vector>

#include "weft/sample/step.hpp"

namespace weft::detail {

/// Counts of the tokens of the history from a position on. Ids outside the vocabulary are passed over.
class TokenCounts {
 public:
  void prepare(std::size_t vocab, std::size_t positions) {
    counts_.assign(vocab, 0);
    distinct_.clear();
    distinct_.reserve(vocab < positions ? vocab : positions);
    begin_ = end_ = 0;
  }
  /// Counts history[begin, end of history). O(new tokens), or O(history) where what was counted is no longer there.
  void update(std::size_t vocab, const StepContext& context, std::size_t begin) {
    if (context.unchanged < end_ || begin != begin_ || counts_.size() != vocab) {
      counts_.assign(vocab, 0);
      distinct_.clear();
      begin_ = end_ = begin;
    }
    for (; end_ < context.history.size(); ++end_) {
      const Token id = context.history[end_];
      if (id < 0 || static_cast<std::size_t>(id) >= vocab) continue;
      if (counts_[static_cast<std::size_t>(id)]++ == 0) distinct_.push_back(id);
    }
  }
  /// The tokens that occurred, each once.
  [[nodiscard]] const std::vector<Token>& distinct() const noexcept { return distinct_; }
  [[nodiscard]] std::uint32_t of(Token id) const noexcept { return counts_[static_cast<std::size_t>(id)]; }

 private:
  std::vector<std::uint32_t> counts_{};  // [vocab]
  std::vector<Token> distinct_{};
  std::size_t begin_ = 0, end_ = 0;  // of the counted part of the history
};

}  // namespace weft::detail
