// A tree of drafted tokens, and what of it one pass runs: paths from its root, each on a fork of the text's sequence. What paths have in
// common is run by each: a row costs little where a pass waits for the weights, and forks share all that came before.
// Sources: Miao et al. 2023, "SpecInfer", arXiv:2305.09781; the likeliest nodes first: Li et al. 2024, "EAGLE-2", arXiv:2406.16858.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "weft/decode/draft_length.hpp"
#include "weft/decode/drafter.hpp"

namespace weft::detail {

class DraftTree {
 public:
  using Node = std::int32_t;
  static constexpr Node root = Draft::root;

  void reserve(std::size_t most) {
    for (auto* numbers : {&draft_.parents, &order_, &tails_, &paths_}) numbers->reserve(most + 1);
    draft_.tokens.reserve(most), draft_.trust.reserve(most);
    depth_.reserve(most), rows_.reserve(most), reached_.reserve(most), sorted_.reserve(most), starts_.reserve(most + 2);
  }

  /// The draft to be filled, then made safe by tidy().
  [[nodiscard]] Draft& draft() noexcept { return draft_; }
  [[nodiscard]] const Draft& draft() const noexcept { return draft_; }
  void clear() {
    draft_.clear();
    run_none();
  }

  /// Cuts the draft before the first token that cannot be run: of no vocabulary, without trust, or after one that comes later.
  void tidy(std::size_t vocab, std::size_t most) {
    std::size_t usable = 0;
    const auto good = [&](std::size_t i) {
      const auto parent = draft_.parent(i);
      return draft_.tokens[i] >= 0 && static_cast<std::size_t>(draft_.tokens[i]) < vocab && parent >= root && parent < static_cast<Node>(i);
    };
    while (usable < std::min({draft_.tokens.size(), draft_.trust.size(), most}) && good(usable)) ++usable;
    draft_.cut(usable);
    depth_.resize(usable);
    for (std::size_t i = 0; i < usable; ++i) {
      draft_.trust[i] = std::min(draft_.trust[i], Draft::most_trust);
      depth_[i] = draft_.parent(i) == root ? 1 : depth_[at(draft_.parent(i))] + 1;
    }
  }

  /// Chooses what to run and divides it into paths.
  void plan(const DraftLength& length) {
    const std::size_t n = draft_.size();
    reached_.resize(n), order_.resize(n), sorted_.clear(), rows_.clear();
    for (std::size_t i = 0; i < n; ++i) {
      const Node parent = draft_.parent(i);
      reached_[i] = length.holds(draft_.trust[i]) * (parent == root ? 1 : reached_[at(parent)]);
    }
    std::iota(order_.begin(), order_.end(), Node{0});
    if (!draft_.parents.empty())  // a parent is likelier than its children, or as likely: then its number is lower
      std::sort(order_.begin(), order_.end(), [&](Node a, Node b) { return reached_[at(a)] != reached_[at(b)] ? reached_[at(a)] > reached_[at(b)] : a < b; });
    std::size_t rows = begin_paths();
    for (const Node node : order_) {
      sorted_.push_back(reached_[at(node)]);
      rows_.push_back(rows += run(node));
    }
    begin_paths();
    run_ = length.choose(sorted_, rows_);
    for (std::size_t i = 0; i < run_; ++i) run(order_[i]);
    lay_out();
  }
  /// Plans to run all down to a depth, 1 being what follows the text at once; the rows that this takes.
  std::size_t plan_to(std::size_t depth) {
    std::size_t rows = begin_paths();
    run_ = 0;
    for (std::size_t i = 0; i < draft_.size(); ++i)
      if (depth_[i] <= depth) rows += run(static_cast<Node>(i)), ++run_;
    lay_out();
    return rows;
  }
  /// The greatest trust at a depth; -1 where nothing was drafted.
  [[nodiscard]] int surest_at(std::size_t depth) const noexcept {
    int best = -1;
    for (std::size_t i = 0; i < draft_.size(); ++i)
      if (depth_[i] == depth) best = std::max(best, int{draft_.trust[i]});
    return best;
  }
  /// Runs nothing.
  void run_none() {
    begin_paths();
    run_ = 0;
    lay_out();
  }

  /// Drafted tokens that are run.
  [[nodiscard]] std::size_t run_count() const noexcept { return run_; }
  /// At least one; the first may be empty, and is the likeliest.
  [[nodiscard]] std::size_t paths() const noexcept { return tails_.size(); }
  /// The nodes of a path, from the first after the text on.
  [[nodiscard]] std::span<const Node> path(std::size_t i) const noexcept {
    return std::span(paths_).subspan(starts_[i], starts_[i + 1] - starts_[i]);
  }
  /// The path that runs `node` as its token number `depth`, `preferred` if it does; paths() where none does.
  [[nodiscard]] std::size_t path_with(Node node, std::size_t depth, std::size_t preferred) const noexcept {
    const auto runs = [&](std::size_t p) { return depth < path(p).size() && path(p)[depth] == node; };
    if (runs(preferred)) return preferred;
    std::size_t p = 0;
    while (p < paths() && !runs(p)) ++p;
    return p;
  }

  /// Calls f(child) for all that was drafted after a node, run or not.
  template <class F>
  void for_each_child(Node node, F&& f) const {
    for (std::size_t i = at(node + 1); i < draft_.size(); ++i)
      if (draft_.parent(i) == node) f(static_cast<Node>(i));
  }

 private:
  static std::size_t at(Node node) noexcept { return static_cast<std::size_t>(node); }

  /// The rows of a pass over no drafted token.
  std::size_t begin_paths() {
    tails_.assign(1, root);
    return 1;
  }
  /// Adds a node to the path that its parent ends, or else as a new path; the rows that this takes.
  std::size_t run(Node node) {
    const auto tail = std::find(tails_.begin(), tails_.end(), draft_.parent(at(node)));
    if (tail == tails_.end()) {
      tails_.push_back(node);
      return depth_[at(node)] + 1;  // with the token before the draft
    }
    *tail = node;
    return 1;
  }
  void lay_out() {
    paths_.clear();
    starts_.assign(1, 0);
    for (const Node tail : tails_) {
      for (Node node = tail; node != root; node = draft_.parent(at(node))) paths_.push_back(node);
      std::reverse(paths_.begin() + static_cast<std::ptrdiff_t>(starts_.back()), paths_.end());
      starts_.push_back(paths_.size());
    }
  }

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
