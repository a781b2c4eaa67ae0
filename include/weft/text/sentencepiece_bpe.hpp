// SentencePiece's BPE as llama.cpp does it ("llama" in GGUF): pairs merge by the score of what they make.
// Source: Kudo and Richardson 2018, arXiv:1808.06226; llama.cpp for the order of merges, the space in front and the bytes.
// Not API: use text/tokenizer.hpp.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/text/added_tokens.hpp"
#include "weft/text/bpe.hpp"
#include "weft/text/tokenizer_family.hpp"

namespace weft::detail {

/// Any text becomes tokens: what the vocabulary lacks is written in bytes, and without tokens for bytes it is the unknown token.
class SentencePieceBpe final : public TokenizerFamily {
 public:
  /// Throws Error(format) unless there are as many scores as tokens, all of them numbers.
  explicit SentencePieceBpe(Vocabulary vocabulary);

  void encode(std::string_view text, bool control, std::vector<Token>& out, std::vector<TextRange>* ranges) const override;
  [[nodiscard]] std::string_view bytes(Token id) const override { return tokens_.bytes(id); }
  /// The space that encoding puts in front is taken away again.
  void decode(Token id, DecodeState& state, InvalidUtf8 invalid, std::string& out) const override;

 private:
  struct Symbol {
    std::uint32_t begin, length, previous, next;
  };
  struct Pair {
    float score;
    std::uint32_t left, length;  // of both, in bytes: it tells a pair that is no more
  };
  struct Scratch {
    std::string text{};
    std::vector<std::uint32_t> origin{};  // of each byte of text, if ranges are wanted
    std::vector<Symbol> symbols{};
    std::vector<Pair> queue{};
  };

  void encode_part(std::string_view part, bool space_before, Scratch& scratch, std::vector<Token>& out, std::vector<TextRange>* ranges,
                   std::size_t offset) const;
  void merge(Scratch& scratch) const;
  void emit(std::string_view symbol, std::vector<Token>& out) const;

  TokenTable tokens_;
  std::array<Token, 256> byte_tokens_{};
  WholeTokens whole_;
};

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/text/sentencepiece_bpe.ipp"
#endif
