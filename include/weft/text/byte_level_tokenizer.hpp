// Byte-level BPE behind a pre-tokeniser: GPT-2's family ("gpt2" in GGUF). Not API: use text/tokenizer.hpp.
#pragma once

#include <string_view>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/text/added_tokens.hpp"
#include "weft/text/bpe.hpp"
#include "weft/text/dna_words.hpp"
#include "weft/text/pretokenizer.hpp"
#include "weft/text/tokenizer_family.hpp"

namespace weft::detail {

/// A text is cut at added tokens, then into words, then each word is merged.
class ByteLevelTokenizer final : public TokenizerFamily {
 public:
  ByteLevelTokenizer(Vocabulary vocabulary, const PreTokenizerFamily& family);

  void encode(std::string_view text, bool control, std::vector<Token>& out, std::vector<TextRange>* ranges) const override;
  [[nodiscard]] std::string_view bytes(Token id) const override { return bpe_.tokens().bytes(id); }

 private:
  DnaWords dna_;  // before the tables: it changes the vocabulary
  PreTokenizer words_;
  Bpe bpe_;
  WholeTokens whole_;
};

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/text/byte_level_tokenizer.ipp"
#endif
