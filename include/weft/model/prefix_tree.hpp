// The pages of many texts as a radix tree over their tokens: texts that begin alike share their pages. What was not used for longest goes first.
// Source: RadixAttention, Zheng et al. 2024, arXiv:2312.07104; here an edge is the tokens of one page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/core/token.hpp"
#include "weft/model/page_pool.hpp"

namespace weft::detail {

/// Not thread-safe; PrefixCache sees to that. Its pages are never written, since the tree holds a share of each.
class PrefixTree {
 public:
  /// budget: bytes of pages in the tree at most.
  PrefixTree(std::size_t page_bytes, std::size_t budget);
  ~PrefixTree();
  PrefixTree(const PrefixTree&) = delete;
  PrefixTree& operator=(const PrefixTree&) = delete;

  struct Match {
    std::size_t length = 0;        ///< tokens
    std::vector<Ref<Page>> pages;  ///< that hold them; the last one may hold more
  };
  /// The longest prefix of the tokens that the tree holds; its pages count as used now. O(length, log of branches a page).
  Match match(std::span<const Token> tokens);

  /// Takes shares of the pages of a text, as far as the budget goes once all other pages are gone; all of them count as used now. Pages
  /// that the tree has for the same tokens stay. The last page may be partly filled.
  void insert(std::span<const Token> tokens, std::span<const Ref<Page>> pages);

  /// Lets go of the pages that were not used for longest until `bytes` came free; those that somebody else shares do not count.
  /// Returns what came free.
  std::size_t release(std::size_t bytes);
  void clear() { release(static_cast<std::size_t>(-1)); }

  [[nodiscard]] std::size_t bytes() const noexcept;
  [[nodiscard]] std::size_t budget() const noexcept;
  /// Pages that were let go of so far.
  [[nodiscard]] std::uint64_t evicted() const noexcept;

 private:
  struct Tree;
  std::unique_ptr<Tree> tree_;
};

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/model/prefix_tree.ipp"
#endif
