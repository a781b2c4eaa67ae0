// The cut of a word into pieces of greatest likelihood, by Viterbi's algorithm. Not API.
// Source: Kudo 2018, arXiv:1804.10959.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "weft/core/utf8.hpp"
#include "weft/text/byte_trie.hpp"

namespace weft::detail {

class UnigramLattice {
 public:
  /// A piece of a word, or a character that is none.
  struct Piece {
    Token id;
    std::size_t begin;
  };
  /// What cut() writes. A word of megabytes has as many entries: they are small.
  struct Cut {
    std::vector<std::int32_t>
        last{};                    ///< [bytes + 1]: of the best cut that ends at a byte: its last piece, see piece()
    std::vector<double> scores{};  ///< of the bytes that a piece may still reach: byte i at i & (size - 1)
  };

  /// count: of ids; bytes: of all pieces together.
  void reserve(std::size_t count, std::size_t bytes) {
    scores_.assign(count, 0);
    lengths_.assign(count, 0);
    trie_.reserve(std::min(bytes, count * 4));
  }
  void add(std::string_view text, Token id, double score) {
    trie_.add(text, id);
    scores_[static_cast<std::size_t>(id)] = score;
    lengths_[static_cast<std::size_t>(id)] = static_cast<std::uint32_t>(text.size());
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
    out.last.assign(word.size() + 1, nowhere);
    out.scores.assign(std::bit_ceil(std::min(longest_, word.size()) + 1), 0);
    const auto score_at = [&, last = out.scores.size() - 1](std::size_t byte) -> double& {
      return out.scores[byte & last];
    };
    for (std::size_t begin = 0; begin < word.size();) {
      const std::size_t length = read_unit(word, begin).length;
      bool single = false;  // whether this unit alone is a piece
      const auto offer = [&, score_here = score_at(begin)](std::size_t end, double score, std::int32_t last) {
        if (out.last[end] != nowhere && score + score_here <= score_at(end)) return;
        score_at(end) = score + score_here;
        out.last[end] = last;
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
      if (!single) offer(begin + length, unknown_score_, -1 - static_cast<std::int32_t>(length));
      begin += length;
    }
    return score_at(word.size());
  }
  /// The last piece of the best cut that ends at byte `end` > 0, where a character ends.
  [[nodiscard]] Piece piece(const Cut& cut, std::size_t end) const noexcept {
    const std::int32_t last = cut.last[end];
    if (last < 0) return {unknown_, end - static_cast<std::size_t>(-1 - last)};
    return {last, end - lengths_[static_cast<std::size_t>(last)]};
  }

 private:
  static constexpr std::int32_t nowhere = std::numeric_limits<std::int32_t>::min();

  ByteTrie trie_{};
  std::vector<double> scores_{};          // [vocab]
  std::vector<std::uint32_t> lengths_{};  // [vocab]: in bytes
  std::size_t longest_ = 4;               // bytes of a piece, or of a code point
  double unknown_score_ = 0;
  Token unknown_ = -1;
};

}  // namespace weft::detail
