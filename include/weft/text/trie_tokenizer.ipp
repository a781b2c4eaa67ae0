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
      const auto best = trie_.longest(text.substr(begin, end - begin));
      const std::size_t next = begin + (best.id >= 0 ? best.length : 1);
      if (const Token id = best.id >= 0 ? best.id : vocabulary_.unknown.value_or(-1); id >= 0) add(id, begin, next);
      begin = next;
    }
  });
}

}  // namespace weft::detail
