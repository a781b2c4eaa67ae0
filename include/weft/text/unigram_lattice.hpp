// The cut of a word into pieces of greatest likelihood, by Viterbi's algorithm. Not API.
// Source: Kudo 2018, arXiv:1804.10959.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "weft/core/utf8.hpp"
#include "weft/text/byte_trie.hpp"

namespace weft::detail {

class UnigramLattice {
 public:
  static constexpr Token nowhere = -2;
  /// The best cut that ends at a byte: its last piece.
  struct Node {
    double score = 0;
    std::uint32_t begin = 0;
    Token id = nowhere;
  };

  /// count: of ids; bytes: of all pieces together.
  void reserve(std::size_t count, std::size_t bytes) {
    scores_.assign(count, 0);
    trie_.reserve(std::min(bytes, count * 4));
  }
  void add(std::string_view text, Token id, double score) {
    trie_.add(text, id);
    scores_[static_cast<std::size_t>(id)] = score;
  }
  /// What a character that is no piece by itself becomes.
  void set_unknown(Token id, double score) noexcept {
    unknown_ = id;
    unknown_score_ = score;
  }
  [[nodiscard]] Token unknown() const noexcept { return unknown_; }

  /// best: [bytes + 1]; of equal cuts the first that was found, from left to right, counts. allowed(id): whether the piece may be used.
  template <class Allowed>
  void cut(std::string_view word, const Allowed& allowed, std::vector<Node>& best) const {
    best.assign(word.size() + 1, Node{});
    for (std::size_t begin = 0; begin < word.size();) {
      const std::size_t length = read_unit(word, begin).length;
      bool single = false;  // whether this unit alone is a piece
      const auto offer = [&, score_here = best[begin].score](std::size_t end, double score, Token id) {
        Node& node = best[end];
        if (node.id != nowhere && score + score_here <= node.score) return;
        node = {score + score_here, static_cast<std::uint32_t>(begin), id};
      };
      std::uint32_t node = ByteTrie::root;
      for (std::size_t end = begin; end < word.size();) {
        node = trie_.child(node, static_cast<unsigned char>(word[end++]));
        if (node == ByteTrie::none) break;
        const Token id = trie_.id(node);
        if (id < 0 || !allowed(id)) continue;
        offer(end, scores_[static_cast<std::size_t>(id)], id);
        single = single || end - begin == length;
      }
      if (!single) offer(begin + length, unknown_score_, unknown_);
      begin += length;
    }
  }

 private:
  ByteTrie trie_{};
  std::vector<double> scores_{};  // [vocab]
  double unknown_score_ = 0;
  Token unknown_ = -1;
};

}  // namespace weft::detail
