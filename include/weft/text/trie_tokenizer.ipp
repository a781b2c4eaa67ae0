#pragma once

#include <utility>

#include "weft/text/trie_tokenizer.hpp"

namespace weft::detail {

WEFT_INLINE TrieTokenizer::TrieTokenizer(Vocabulary vocabulary)
    : TokenizerFamily(std::move(vocabulary)), tokens_(vocabulary_, Spelling::escaped), whole_(vocabulary_) {
  for (std::size_t i = 0; i < tokens_.size(); ++i)
    if (!is_control(static_cast<Token>(i))) trie_.add(tokens_.bytes(static_cast<Token>(i)), static_cast<Token>(i));
}

WEFT_INLINE void TrieTokenizer::encode(std::string_view text, bool control, std::vector<Token>& out, std::vector<TextRange>* ranges) const {
  out.reserve(out.size() + text.size() / 4 + 4);
  const auto add = [&](Token id, std::size_t begin, std::size_t end) {
    out.push_back(id);
    if (ranges) ranges->push_back({begin, end});
  };
  whole_.cut(text, control, [&](std::size_t begin, std::size_t end, Token token) {
    if (token >= 0) return add(token, begin, end);
    while (begin < end) {
      Token best = -1;
      std::size_t best_end = begin + 1;
      std::uint32_t node = ByteTrie::root;
      for (std::size_t at = begin; at < end;) {
        node = trie_.child(node, static_cast<unsigned char>(text[at++]));
        if (node == ByteTrie::none) break;
        if (const Token id = trie_.id(node); id >= 0) {
          best = id;
          best_end = at;
        }
      }
      if (best < 0) best = vocabulary_.unknown.value_or(-1);
      if (best >= 0) add(best, begin, best_end);
      begin = best_end;
    }
  });
}

}  // namespace weft::detail
