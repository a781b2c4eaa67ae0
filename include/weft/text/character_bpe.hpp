// BPE over characters, with bytes where they fail: Gemma 4's kind of vocabulary, and that of words between white space. Not API: use
// text/tokenizer.hpp.
// Source: llama.cpp (`gemma4`, `sarvam-moe`, `whitespace`).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/text/added_tokens.hpp"
#include "weft/text/bpe.hpp"
#include "weft/text/pretokenizer.hpp"
#include "weft/text/spaced_text.hpp"
#include "weft/text/tokenizer_family.hpp"

namespace weft::detail {

/// Of a pre-tokeniser whose alphabet is not bytes. A character without a token becomes the tokens <0xNN> of its bytes, as far as there
/// are any.
class CharacterBpe final : public TokenizerFamily {
 public:
  CharacterBpe(Vocabulary vocabulary, const PreTokenizerFamily& family);

  void encode(std::string_view text, bool control, std::vector<Token>& out, std::vector<TextRange>* ranges) const override;
  [[nodiscard]] std::string_view bytes(Token id) const override { return tokens_.bytes(id); }

 private:
  struct Call {
    SpacedText spaced{};
    BpeScratch merging{};
    std::vector<std::uint32_t> symbols{}, begins{};  // of each character
  };
  static constexpr std::uint32_t missing = MergeTable::max_tokens;

  void read_part(std::string_view part, Call& call) const;
  void encode_word(std::size_t begin, std::size_t end, Call& call, std::vector<Token>& out, std::vector<TextRange>* ranges, std::size_t offset) const;

  PreTokenizer words_;
  TokenTable tokens_;
  MergeTable merges_;
  WholeTokens whole_;
  std::array<Token, 256> byte_tokens_{};
  bool whole_words_, whole_lines_;
  bool words_only_;  // white space is left out, and letters may be made small
};

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/text/character_bpe.ipp"
#endif
