// Definitions of model/prefix_tree.hpp.
#pragma once

#include <algorithm>
#include <iterator>
#include <utility>

#include "weft/backend/concept.hpp"
#include "weft/model/prefix_tree.hpp"

namespace weft::detail {

inline constexpr auto tokens_per_page = static_cast<std::size_t>(page_positions);

/// How many tokens two texts have in common at their begin.
WEFT_INLINE PrefixTree::~PrefixTree() = default;

WEFT_INLINE std::size_t common(std::span<const Token> a, std::span<const Token> b) {
  return static_cast<std::size_t>(
      std::distance(a.begin(), std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first));
}

WEFT_INLINE PrefixTree::Match PrefixTree::match(std::span<const Token> tokens) {
  Match found;
  std::vector<Nodes::iterator> path;
  ++now_;
  while (found.length < tokens.size()) {
    auto& children = below(path);
    const auto rest = tokens.subspan(found.length);
    const auto page = rest.first(std::min(tokens_per_page, rest.size()));
    const auto after = children.lower_bound(std::vector<Token>(page.begin(), page.end()));
    auto best = children.end();
    std::size_t longest = 0;
    const auto consider = [&](Children::iterator child) {
      const auto length = common(child->first, page);
      if (length > longest) longest = length, best = child;
    };
    if (after != children.end()) consider(after);
    if (after != children.begin()) consider(std::prev(after));
    if (best == children.end()) break;
    path.push_back(best->second);
    found.pages.push_back(best->second->page);
    found.length += longest;
    if (longest < tokens_per_page) break;
  }
  touch(path);
  return found;
}

WEFT_INLINE void PrefixTree::insert(std::span<const Token> tokens, std::span<const Ref<Page>> pages) {
  std::vector<Nodes::iterator> path;
  ++now_;
  std::size_t p = 0;
  const auto tokens_of = [&](std::size_t i) {
    const auto part =
        tokens.subspan(i * tokens_per_page, std::min(tokens_per_page, tokens.size() - i * tokens_per_page));
    return std::vector<Token>(part.begin(), part.end());
  };
  for (; p < pages.size(); ++p) {  // what is there
    auto& children = below(path);
    const auto key = tokens_of(p);
    auto place = children.lower_bound(key);
    const bool there = place != children.end() && common(place->first, key) == key.size();
    if (!there) {  // a shorter one that the key goes on from would be the one before
      if (place == children.begin()) break;
      place = std::prev(place);
      if (common(place->first, key) != place->first.size()) break;
      auto longer = children.extract(place);
      longer.key() = key;
      place = children.insert(std::move(longer)).position;
      place->second->place = place;
      place->second->page = pages[p];
    }
    path.push_back(place->second);
  }
  touch(path);
  for (; p < pages.size() && make_room(); ++p) {
    const auto before = path.empty() ? nodes_.begin() : std::next(path.back());
    path.push_back(add(below(path), tokens_of(p), pages[p], before));
  }
}

/// The last page of the path first, so that it comes to stand behind those before it.
WEFT_INLINE void PrefixTree::touch(std::span<const Nodes::iterator> path) {
  for (std::size_t i = path.size(); i > 0; --i) {
    path[i - 1]->used = now_;
    nodes_.splice(nodes_.begin(), nodes_, path[i - 1]);
  }
}

/// For one more page. False where nothing is left to be dropped but what is being inserted.
WEFT_INLINE bool PrefixTree::make_room() {
  while (bytes() + page_bytes_ > budget_) {
    if (nodes_.empty() || nodes_.back().used == now_) return false;
    drop_last();
  }
  return true;
}

WEFT_INLINE PrefixTree::Nodes::iterator PrefixTree::add(Children& siblings, std::vector<Token> tokens,
                                                        const Ref<Page>& page, Nodes::iterator before) {
  const auto node = nodes_.emplace(before);
  node->page = page;
  node->siblings = &siblings;
  node->used = now_;
  node->place = siblings.emplace(std::move(tokens), node).first;
  return node;
}

/// True if that freed the page's memory.
WEFT_INLINE bool PrefixTree::drop_last() {
  auto& last = nodes_.back();
  const bool freed = last.page.unique();
  last.siblings->erase(last.place);
  nodes_.pop_back();
  ++evicted_;
  return freed;
}

WEFT_INLINE std::size_t PrefixTree::release(std::size_t bytes) {
  std::size_t freed = 0;
  while (freed < bytes && !nodes_.empty())
    if (drop_last()) freed += page_bytes_;
  return freed;
}

WEFT_INLINE PrefixTree::PrefixTree(std::size_t page_bytes, std::size_t budget) : page_bytes_(page_bytes), budget_(budget) {}

}  // namespace weft::detail
