// WordPiece behind BERT's rules for words ("bert" in GGUF). Not API: use text/tokenizer.hpp.
// Source: Devlin et al. 2018, arXiv:1810.04805; llama.cpp for what a word is.
#pragma once

#include <string_view>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/text/added_tokens.hpp"
#include "weft/text/bpe.hpp"
#include "weft/text/byte_trie.hpp"
#include "weft/text/tokenizer_family.hpp"

namespace weft::detail {

/// Words stand between white space; punctuation and ideographs are words by themselves. A word, with U+2581 in front, becomes the longest
/// token that fits, again and again; where none fits the whole word is the unknown token.
class WordPieceTokenizer final : public TokenizerFamily {
 public:
  explicit WordPieceTokenizer(Vocabulary vocabulary);

  void encode(std::string_view text, bool control, std::vector<Token>& out, std::vector<TextRange>* ranges) const override;
  [[nodiscard]] std::string_view bytes(Token id) const override { return tokens_.bytes(id); }
  void decode(Token id, DecodeState& state, InvalidUtf8 invalid, std::string& out) const override;

 private:
  struct Word {
    std::string text{};
    std::vector<TextRange> places{};  // of each byte
  };
  void encode_word(const Word& word, std::vector<Token>& out, std::vector<TextRange>* ranges) const;

  TokenTable tokens_;
  WholeTokens whole_;
  ByteTrie trie_{};
};

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/text/wordpiece_tokenizer.ipp"
#endif
