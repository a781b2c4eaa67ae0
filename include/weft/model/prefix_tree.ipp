// Definitions of model/prefix_tree.hpp.
#pragma once

#include <algorithm>
#include <iterator>
#include <list>
#include <map>
#include <utility>

#include "weft/backend/concept.hpp"
#include "weft/model/prefix_tree.hpp"

namespace weft::detail {

inline constexpr auto tokens_per_page = static_cast<std::size_t>(page_positions);

/// How many tokens two texts have in common at their begin.
WEFT_INLINE std::size_t common(std::span<const Token> a, std::span<const Token> b) {
  return static_cast<std::size_t>(
      std::distance(a.begin(), std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first));
}

struct PrefixTree::Tree {
  struct Node;
  using Nodes = std::list<Node>;
  /// By the tokens of the page, in lexicographic order: the longest common prefix is that of a neighbour. No key is a prefix of another.
  using Children = std::map<std::vector<Token>, Nodes::iterator>;
  struct Node {
    Ref<Page> page{};
    Children children{};
    Children* siblings = nullptr;  // where it is
    Children::iterator place{};
    std::uint64_t used = 0;  // when
  };

  std::size_t page_bytes, budget;
  Children roots{};
  /// Most recently used first; a page stands before those that follow it in a text, so that the last one has no children.
  Nodes nodes{};
  std::uint64_t now = 0, evicted = 0;

  [[nodiscard]] std::size_t bytes() const noexcept { return nodes.size() * page_bytes; }
  [[nodiscard]] Children& below(std::span<const Nodes::iterator> path) { return path.empty() ? roots : path.back()->children; }

  Match match(std::span<const Token> tokens) {
    Match found;
    std::vector<Nodes::iterator> path;
    ++now;
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

  void insert(std::span<const Token> tokens, std::span<const Ref<Page>> pages) {
    std::vector<Nodes::iterator> path;
    ++now;
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
      const auto before = path.empty() ? nodes.begin() : std::next(path.back());
      path.push_back(add(below(path), tokens_of(p), pages[p], before));
    }
  }

  /// The last page of the path first, so that it comes to stand behind those before it.
  void touch(std::span<const Nodes::iterator> path) {
    for (std::size_t i = path.size(); i > 0; --i) {
      path[i - 1]->used = now;
      nodes.splice(nodes.begin(), nodes, path[i - 1]);
    }
  }

  /// For one more page. False where nothing is left to be dropped but what is being inserted.
  bool make_room() {
    while (bytes() + page_bytes > budget) {
      if (nodes.empty() || nodes.back().used == now) return false;
      drop_last();
    }
    return true;
  }

  Nodes::iterator add(Children& siblings, std::vector<Token> tokens, const Ref<Page>& page, Nodes::iterator before) {
    const auto node = nodes.emplace(before);
    node->page = page;
    node->siblings = &siblings;
    node->used = now;
    node->place = siblings.emplace(std::move(tokens), node).first;
    return node;
  }

  /// True if that freed the page's memory.
  bool drop_last() {
    auto& last = nodes.back();
    const bool freed = last.page.unique();
    last.siblings->erase(last.place);
    nodes.pop_back();
    ++evicted;
    return freed;
  }

  std::size_t release(std::size_t bytes) {
    std::size_t freed = 0;
    while (freed < bytes && !nodes.empty())
      if (drop_last()) freed += page_bytes;
    return freed;
  }
};

WEFT_INLINE PrefixTree::PrefixTree(std::size_t page_bytes, std::size_t budget) : tree_(new Tree{page_bytes, budget}) {}
WEFT_INLINE PrefixTree::~PrefixTree() = default;
WEFT_INLINE PrefixTree::Match PrefixTree::match(std::span<const Token> tokens) { return tree_->match(tokens); }
WEFT_INLINE void PrefixTree::insert(std::span<const Token> tokens, std::span<const Ref<Page>> pages) { tree_->insert(tokens, pages); }
WEFT_INLINE std::size_t PrefixTree::release(std::size_t bytes) { return tree_->release(bytes); }
WEFT_INLINE std::size_t PrefixTree::bytes() const noexcept { return tree_->bytes(); }
WEFT_INLINE std::size_t PrefixTree::budget() const noexcept { return tree_->budget; }
WEFT_INLINE std::uint64_t PrefixTree::evicted() const noexcept { return tree_->evicted; }

}  // namespace weft::detail
