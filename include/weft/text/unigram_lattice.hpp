// The cut of a word into pieces of greatest likelihood, by Viterbi's algorithm. Not API.
// Source: Kudo 2018, arXiv:1804.10959.
#pragma once

#include <algorithm>
#include <bit>
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
    std::uint32_t begin = 0;
    Token id = nowhere;
  };
  struct Cut {
    std::vector<Node> best{};      ///< [bytes + 1]
    std::vector<double> scores{};  ///< of the bytes that a piece may still reach: byte i at i & (size - 1)
  };

  /// count: of ids; bytes: of all pieces together.
  void reserve(std::size_t count, std::size_t bytes) {
    scores_.assign(count, 0);
    trie_.reserve(std::min(bytes, count * 4));
  }
  void add(std::string_view text, Token id, double score) {
    trie_.add(text, id);
    scores_[static_cast<std::size_t>(id)] = score;
    longest_ = std::max(longest_, text.size());
  }
  /// What a character that is no piece by itself becomes.
  void set_unknown(Token id, double score) noexcept {
    unknown_ = id;
    unknown_score_ = score;
  }
  [[nodiscard]] Token unknown() const noexcept { return unknown_; }

  /// Returns the score of the best cut; of equal ones the first that was found, from left to right. allowed(id): whether the piece may be used.
  template <class Allowed>
  double cut(std::string_view word, const Allowed& allowed, Cut& out) const {
    out.best.assign(word.size() + 1, Node{});
    out.scores.assign(std::bit_ceil(std::min(longest_, word.size()) + 1), 0);
    const auto score_at = [&, last = out.scores.size() - 1](std::size_t byte) -> double& { return out.scores[byte & last]; };
    for (std::size_t begin = 0; begin < word.size();) {
      const std::size_t length = read_unit(word, begin).length;
      bool single = false;  // whether this unit alone is a piece
      const auto offer = [&, score_here = score_at(begin)](std::size_t end, double score, Token id) {
        Node& node = out.best[end];
        if (node.id != nowhere && score + score_here <= score_at(end)) return;
        score_at(end) = score + score_here;
        node = {static_cast<std::uint32_t>(begin), id};
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
    return score_at(word.size());
  }

 private:
  ByteTrie trie_{};
  std::vector<double> scores_{};  // [vocab]
  std::size_t longest_ = 4;       // bytes of a piece, or of a code point
  double unknown_score_ = 0;
  Token unknown_ = -1;
};

}  // namespace weft::detail
