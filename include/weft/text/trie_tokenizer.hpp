// RWKV's tokenizer: again and again the longest token that fits ("rwkv" in GGUF). Not API: use text/tokenizer.hpp.
// Source: Peng et al. 2023 (RWKV), rwkv_vocab_v20230424.
#pragma once

#include <string_view>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/text/added_tokens.hpp"
#include "weft/text/bpe.hpp"
#include "weft/text/byte_trie.hpp"
#include "weft/text/tokenizer_family.hpp"

namespace weft::detail {

/// A byte with which no token begins is the unknown token, or nothing where there is none. O(bytes * longest token) at worst.
class TrieTokenizer final : public TokenizerFamily {
 public:
  explicit TrieTokenizer(Vocabulary vocabulary);

  void encode(std::string_view text, bool control, std::vector<Token>& out, std::vector<TextRange>* ranges) const override;
  [[nodiscard]] std::string_view bytes(Token id) const override { return tokens_.bytes(id); }

 private:
  TokenTable tokens_;
  WholeTokens whole_;
  ByteTrie trie_{};
};

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/text/trie_tokenizer.ipp"
#endif
