// Sequences of bases between <dna> and </dna>, six letters a token ("hybriddna" in GGUF). Not API.
// Source: llama.cpp (`hybriddna`).
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "weft/core/token.hpp"
#include "weft/text/vocabulary.hpp"

namespace weft::detail {

class DnaWords {
 public:
  DnaWords() = default;
  /// Takes the mark off the texts of the tokens for six bases: it tells them from equal words of the language.
  explicit DnaWords(Vocabulary& vocabulary) {
    if (vocabulary.model != "hybriddna") return;
    for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
      std::string& text = vocabulary.tokens[i];
      const auto id = static_cast<Token>(i);
      if (text == open) begin_ = id;
      if (text == close) end_ = id;
      if (text == "<oov>") unknown_ = id;
      if (text.size() <= mark.size() || !text.ends_with(mark)) continue;
      text.resize(text.size() - mark.size());
      tokens_.emplace(text, id);
    }
  }

  /// Whether the vocabulary has what it takes.
  [[nodiscard]] bool usable() const noexcept { return begin_ >= 0 && end_ >= 0 && unknown_ >= 0; }

  /// Calls token(id, begin, end) for the tokens of sequences and text(begin, end) for what lies between them, from left to right.
  template <class Text, class Made>
  void cut(std::string_view part, const Text& text, const Made& token) const {
    for (std::size_t at = 0; at < part.size();) {
      const std::size_t start = std::min(part.find(open, at), part.size());
      if (start > at) text(at, start);
      if (start == part.size()) return;
      const std::size_t content = start + open.size();
      token(begin_, start, content);
      const std::size_t stop = std::min(part.find(close, content), part.size());
      for (std::size_t i = content; i < stop; i += length) token(token_of(part.substr(i, std::min(length, stop - i))), i, std::min(i + length, stop));
      if (stop == part.size()) return;
      at = stop + close.size();
      token(end_, stop, at);
    }
  }

 private:
  static constexpr std::string_view open = "<dna>", close = "</dna>", mark = "\uE000";
  static constexpr std::size_t length = 6;

  // Small letters count as large ones, and what is short is filled up with A.
  [[nodiscard]] Token token_of(std::string_view bases) const {
    std::string text(bases);
    for (char& c : text)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    text.resize(length, 'A');
    const auto found = tokens_.find(text);
    return found == tokens_.end() ? unknown_ : found->second;
  }

  std::unordered_map<std::string, Token> tokens_{};
  Token begin_ = -1, end_ = -1, unknown_ = -1;
};

}  // namespace weft::detail
