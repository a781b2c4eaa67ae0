// A tree of drafted tokens, and what of it one pass runs: paths from its root, each on a fork of the text's sequence. What paths have in
// common is run by each: a row costs little where a pass waits for the weights, and forks share all that came before.
// Sources: Miao et al. 2023, "SpecInfer", arXiv:2305.09781; the likeliest nodes first: Li et al. 2024, "EAGLE-2", arXiv:2406.16858.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/decode/draft_length.hpp"
#include "weft/decode/drafter.hpp"

namespace weft::detail {

class DraftTree {
 public:
  using Node = std::int32_t;
  static constexpr Node root = Draft::root;

  void reserve(std::size_t most);

  /// The draft to be filled, then made safe by tidy().
  [[nodiscard]] Draft& draft() noexcept { return draft_; }
  [[nodiscard]] const Draft& draft() const noexcept { return draft_; }
  void clear();

  /// Cuts the draft before the first token that cannot be run: of no vocabulary, without trust, or after one that comes later.
  void tidy(std::size_t vocab, std::size_t most);

  /// Chooses what to run and divides it into paths.
  void plan(const DraftLength& length);
  /// Plans to run all down to a depth, 1 being what follows the text at once; the rows that this takes.
  std::size_t plan_to(std::size_t depth);
  /// The greatest trust at a depth; -1 where nothing was drafted.
  [[nodiscard]] int surest_at(std::size_t depth) const noexcept;
  /// Runs nothing.
  void run_none();

  /// Drafted tokens that are run.
  [[nodiscard]] std::size_t run_count() const noexcept { return run_; }
  /// At least one; the first may be empty, and is the likeliest.
  [[nodiscard]] std::size_t paths() const noexcept { return tails_.size(); }
  /// The nodes of a path, from the first after the text on.
  [[nodiscard]] std::span<const Node> path(std::size_t i) const noexcept {
    return std::span(paths_).subspan(starts_[i], starts_[i + 1] - starts_[i]);
  }
  /// The path that runs `node` as its token number `depth`, `preferred` if it does; paths() where none does.
  [[nodiscard]] std::size_t path_with(Node node, std::size_t depth, std::size_t preferred) const noexcept;

  /// Calls f(child) for all that was drafted after a node, run or not.
  template <class F>
  void for_each_child(Node node, F&& f) const {
    for (std::size_t i = at(node + 1); i < draft_.size(); ++i)
      if (draft_.parent(i) == node) f(static_cast<Node>(i));
  }

 private:
  static std::size_t at(Node node) noexcept { return static_cast<std::size_t>(node); }

  /// The rows of a pass over no drafted token.
  std::size_t begin_paths();
  /// Adds a node to the path that its parent ends, or else as a new path; the rows that this takes.
  std::size_t run(Node node);
  void lay_out();

  Draft draft_;
  std::vector<std::size_t> depth_;  // per token
  std::vector<double> reached_;
  std::vector<Node> order_;         // likeliest first, and in that order:
  std::vector<double> sorted_;
  std::vector<std::size_t> rows_;
  std::vector<Node> tails_{root};   // the last node of each path
  std::vector<Node> paths_;         // all paths, one after the other
  std::vector<std::size_t> starts_{0, 0};
  std::size_t run_ = 0;
};

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/decode/draft_tree.ipp"
#endif
