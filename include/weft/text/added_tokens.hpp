// Finds the tokens that are recognised as a whole in a text: control and user-defined ones.
// Source: Aho and Corasick 1975 for finding them all in one pass.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/core/token.hpp"
#include "weft/text/vocabulary.hpp"

namespace weft::detail {

/// A set of texts with their tokens. The longest is looked for first in the whole text, then the next, each from the left and in
/// what the longer ones left over: the order in which llama.cpp cuts.
class AddedTokens {
 public:
  struct Found {
    std::size_t begin, length;
    Token id;
  };

  AddedTokens() = default;
  /// Empty texts are ignored; of equal texts the first counts.
  explicit AddedTokens(const std::vector<std::pair<std::string_view, Token>>& tokens);

  [[nodiscard]] bool empty() const noexcept { return nodes_.size() <= 1; }
  /// All of them, from left to right. O(text) when there are none, else O(text * distinct lengths that occur).
  [[nodiscard]] std::vector<Found> find(std::string_view text) const;
  /// Those that are found by taking the leftmost, of these the longest, and going on behind it. O(text).
  [[nodiscard]] std::vector<Found> find_leftmost(std::string_view text) const;

 private:
  struct Node {
    std::vector<std::pair<unsigned char, std::uint32_t>> edges;  // sorted
    std::uint32_t fail = 0;    // the longest proper suffix that is in the tree
    std::uint32_t output = 0;  // this node or the nearest on the fail path where a token ends; 0: none
    std::uint32_t length = 0;
    Token id = -1;
  };

  [[nodiscard]] std::uint32_t child(std::uint32_t node, unsigned char byte) const noexcept;
  [[nodiscard]] std::uint32_t step(std::uint32_t node, unsigned char byte) const noexcept;
  void link();

  std::vector<Node> nodes_;
  std::array<std::uint32_t, 256> root_{};
};

/// The added tokens of a vocabulary: user-defined ones are found in every text (unless they are left to the caller), control tokens and
/// the unknown token where asked.
class WholeTokens {
 public:
  explicit WholeTokens(const Vocabulary& vocabulary, bool user_defined = true);

  /// Calls use(begin, end, id) for each part of the text, from left to right; id is -1 for what lies between tokens (never empty).
  template <class Use>
  void cut(std::string_view text, bool control, const Use& use) const {
    std::size_t done = 0;
    for (const auto& found : (control ? all_ : user_defined_).find(text)) {
      if (const std::size_t end = end_of_front(text, found, done); end > done) use(done, end, Token{-1});
      const std::size_t begin = std::max(found.begin, done);
      done = begin_of_rest(text, found);
      use(begin, found.begin + found.length, found.id);
    }
    if (done < text.size()) use(done, text.size(), Token{-1});
  }

 private:
  /// Where the text between `done` and a token ends, and where the text behind one begins.
  [[nodiscard]] std::size_t end_of_front(std::string_view text, const AddedTokens::Found& found, std::size_t done) const noexcept;
  [[nodiscard]] std::size_t begin_of_rest(std::string_view text, const AddedTokens::Found& found) const noexcept;

  AddedTokens user_defined_, all_;
  std::vector<Token> strip_left_, strip_right_;  // sorted
};

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/text/added_tokens.ipp"
#endif
