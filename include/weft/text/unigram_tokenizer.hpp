// Unigram as SentencePiece's files for T5 have it ("t5" in GGUF). Not API: use text/tokenizer.hpp.
// Source: Kudo 2018, arXiv:1804.10959; llama.cpp for what is normalised how.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/text/added_tokens.hpp"
#include "weft/text/bpe.hpp"
#include "weft/text/sentence_normalizer.hpp"
#include "weft/text/tokenizer_family.hpp"
#include "weft/text/unigram_lattice.hpp"

namespace weft::detail {

/// A text is normalised by the file's map of characters, then cut where the sum of the scores is greatest. Unknown characters side by
/// side are one unknown token.
class UnigramTokenizer final : public TokenizerFamily {
 public:
  /// Throws Error(format) unless there are as many scores as tokens, all of them numbers, and for a broken map of characters.
  explicit UnigramTokenizer(Vocabulary vocabulary);

  void encode(std::string_view text, bool control, std::vector<Token>& out, std::vector<TextRange>* ranges) const override;
  [[nodiscard]] std::string_view bytes(Token id) const override { return tokens_.bytes(id); }
  void decode(Token id, DecodeState& state, InvalidUtf8 invalid, std::string& out) const override;

 private:
  /// Appends the tokens of a normalised text from the best cut.
  void trace(const NormalText& normal, const UnigramLattice::Cut& cut, std::size_t offset, std::vector<Token>& out, std::vector<TextRange>* ranges) const;

  TokenTable tokens_;
  WholeTokens whole_;
  UnigramLattice lattice_{};
  SentenceNormalizer normalizer_;
  std::array<Token, 256> byte_tokens_{};
  bool byte_fallback_ = false;
};

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/text/unigram_tokenizer.ipp"
#endif
