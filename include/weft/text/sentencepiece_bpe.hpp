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
#include "weft/text/merge_windows.hpp"
#include "weft/text/pair_filter.hpp"
#include "weft/text/sentence_normalizer.hpp"
#include "weft/text/spaced_text.hpp"
#include "weft/text/tokenizer_family.hpp"
#include "weft/text/word_cache.hpp"

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
    Token id;  // -1: not known yet
  };
  struct Pair {
    float score;
    std::uint32_t left, length;  // of both, in bytes: it tells a pair that is no more
    Token id;
  };
  struct Call {
    explicit Call(std::size_t bytes) : known(bytes) {}
    WordCache known;
    NormalText normal{};
    SpacedText spaced{};
    std::vector<Symbol> symbols{};
    std::vector<Pair> queue{};
    std::vector<MergedPiece> pieces{};
  };

  void encode_part(std::string_view part, bool space_before, Call& call, std::vector<Token>& out, std::vector<TextRange>* ranges,
                   std::size_t offset) const;
  void encode_normal(std::string_view part, bool front, Call& call, std::vector<Token>& out, std::vector<TextRange>* ranges, std::size_t offset) const;
  void merge(std::string_view word, Call& call) const;  // call.pieces become those of the word, their ids -1 where nothing merged
  void merge_symbols(std::string_view word, Call& call) const;
  void emit(std::string_view symbol, Token id, std::vector<Token>& out) const;

  TokenTable tokens_;
  std::array<Token, 256> byte_tokens_{};
  PairFilter joins_{};  // characters that stand side by side in some token
  SentenceNormalizer normalizer_;
  WholeTokens whole_;
  bool fuse_unknown_ = false;  // characters that are lacking, side by side, are one unknown token
};

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/text/sentencepiece_bpe.ipp"
#endif
