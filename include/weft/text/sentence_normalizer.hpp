// What SentencePiece does to a text before it cuts it: a map of characters, and rules for white space. Not API.
// Source: Kudo and Richardson 2018, arXiv:1808.06226 (normalizer.cc); llama.cpp for files of the model "t5".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/text/byte_trie.hpp"
#include "weft/text/charsmap.hpp"
#include "weft/text/encoding.hpp"
#include "weft/text/vocabulary.hpp"

namespace weft::detail {

struct NormalText {
  std::string text{};                // with U+2581 for spaces
  std::vector<TextRange> places{};  // of each byte in the part, where wanted
};

class SentenceNormalizer {
 public:
  /// Throws Error(format) for a broken map of characters.
  explicit SentenceNormalizer(const Vocabulary& vocabulary);

  /// Whether it does more than writing spaces as U+2581, one in front.
  [[nodiscard]] bool changes_text() const noexcept { return charsmap_.has_value() || merge_spaces_ || (sentencepiece_ && has_user_defined_); }

  /// front: with a space in front, if the file wants one. Throws Error(resource) where the text becomes 64 times as long.
  void apply(std::string_view part, bool front, bool tracked, NormalText& out) const;
  /// The longest user-defined token at the front of a normalised text, -1 if there is none, and its length.
  [[nodiscard]] ByteTrie::Match user_defined_front(std::string_view text) const noexcept { return user_defined_.longest(text); }

 private:
  /// What the front of a text becomes, and how much of the text that is. User-defined tokens stay as they are.
  [[nodiscard]] std::pair<std::string_view, std::size_t> normal_front(std::string_view text) const;

  ByteTrie user_defined_{};
  std::optional<Charsmap> charsmap_{};
  bool front_space_, merge_spaces_, sentencepiece_, has_user_defined_ = false;
};

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/text/sentence_normalizer.ipp"
#endif
