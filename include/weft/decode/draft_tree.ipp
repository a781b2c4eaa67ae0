// Definitions of decode/draft_tree.hpp.
#pragma once

#include "weft/decode/draft_tree.hpp"

namespace weft::detail {

WEFT_INLINE void DraftTree::reserve(std::size_t most) {
  for (auto* numbers : {&draft_.parents, &order_, &tails_, &paths_}) numbers->reserve(most + 1);
  draft_.tokens.reserve(most), draft_.trust.reserve(most);
  depth_.reserve(most), rows_.reserve(most), reached_.reserve(most), sorted_.reserve(most), starts_.reserve(most + 2);
}

WEFT_INLINE void DraftTree::clear() {
  draft_.clear();
  run_none();
}

WEFT_INLINE void DraftTree::tidy(std::size_t vocab, std::size_t most) {
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

WEFT_INLINE void DraftTree::plan(const DraftLength& length) {
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

WEFT_INLINE std::size_t DraftTree::plan_to(std::size_t depth) {
  std::size_t rows = begin_paths();
  run_ = 0;
  for (std::size_t i = 0; i < draft_.size(); ++i)
    if (depth_[i] <= depth) rows += run(static_cast<Node>(i)), ++run_;
  lay_out();
  return rows;
}

WEFT_INLINE int DraftTree::surest_at(std::size_t depth) const noexcept {
  int best = -1;
  for (std::size_t i = 0; i < draft_.size(); ++i)
    if (depth_[i] == depth) best = std::max(best, int{draft_.trust[i]});
  return best;
}

WEFT_INLINE void DraftTree::run_none() {
  begin_paths();
  run_ = 0;
  lay_out();
}

WEFT_INLINE std::size_t DraftTree::path_with(Node node, std::size_t depth, std::size_t preferred) const noexcept {
  const auto runs = [&](std::size_t p) { return depth < path(p).size() && path(p)[depth] == node; };
  if (runs(preferred)) return preferred;
  std::size_t p = 0;
  while (p < paths() && !runs(p)) ++p;
  return p;
}

WEFT_INLINE std::size_t DraftTree::begin_paths() {
  tails_.assign(1, root);
  return 1;
}

WEFT_INLINE std::size_t DraftTree::run(Node node) {
  const auto tail = std::find(tails_.begin(), tails_.end(), draft_.parent(at(node)));
  if (tail == tails_.end()) {
    tails_.push_back(node);
    return depth_[at(node)] + 1;  // with the token before the draft
  }
  *tail = node;
  return 1;
}

WEFT_INLINE void DraftTree::lay_out() {
  paths_.clear();
  starts_.assign(1, 0);
  for (const Node tail : tails_) {
    for (Node node = tail; node != root; node = draft_.parent(at(node))) paths_.push_back(node);
    std::reverse(paths_.begin() + static_cast<std::ptrdiff_t>(starts_.back()), paths_.end());
    starts_.push_back(paths_.size());
  }
}

}  // namespace weft::detail
