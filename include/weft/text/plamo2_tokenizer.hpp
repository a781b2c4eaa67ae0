// PLaMo 2's tokenizer: the cut of least cost, bytes where no token fits ("plamo2" in GGUF). Not API: use text/tokenizer.hpp.
// Source: Preferred Networks, PLaMo 2 (2025); llama.cpp for the costs.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/text/added_tokens.hpp"
#include "weft/text/bpe.hpp"
#include "weft/text/byte_trie.hpp"
#include "weft/text/tokenizer_family.hpp"

namespace weft::detail {

/// Costs are scores in units of 1e-4; a character in bytes costs 10^7. Of equal cuts the one with the longer token in front counts. A byte
/// order mark at the front of a text is left out.
class Plamo2Tokenizer final : public TokenizerFamily {
 public:
  /// Throws Error(format) unless there are as many scores as tokens, all of them numbers, and a token for each byte.
  explicit Plamo2Tokenizer(Vocabulary vocabulary);

  void encode(std::string_view text, bool control, std::vector<Token>& out, std::vector<TextRange>* ranges) const override;
  [[nodiscard]] std::string_view bytes(Token id) const override { return tokens_.bytes(id); }

 private:
  /// The cheapest cut of what begins at each byte of a part.
  struct Cut {
    std::vector<Token> first{};            ///< its first token, or -1 for the bytes of a code point
    std::vector<std::uint8_t> lengths{};   ///< of the code point that begins here, 0 inside of one
    std::vector<std::int64_t> costs{};     ///< of the bytes that a token may still reach: byte i at i & (size - 1)
  };
  void find_cut(std::string_view part, Cut& cut) const;

  TokenTable tokens_;
  WholeTokens whole_;
  ByteTrie trie_{};
  std::size_t longest_ = 4;  // bytes of a token, or of a code point
  std::vector<std::int64_t> gains_{};  // [vocab]
  std::array<Token, 256> byte_tokens_{};
};

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/text/plamo2_tokenizer.ipp"
#endif
