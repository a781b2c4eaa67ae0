// A vocabulary of SentencePiece's kind for tests that need no file.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "weft/text/vocabulary.hpp"

namespace weft::test {

/// <unk> 0, <s> 1, </s> 2, the bytes from 3 on (unless left out), then the pieces in order of preference: the first merges first.
inline Vocabulary piece_vocabulary(const std::vector<std::string>& pieces, bool bytes = true) {
  Vocabulary v;
  v.model = "llama";
  const auto add = [&](const std::string& text, float score, TokenType type) {
    v.tokens.push_back(text);
    v.scores.push_back(score);
    v.types.push_back(type);
  };
  add("<unk>", 0, TokenType::unknown);
  add("<s>", 0, TokenType::control);
  add("</s>", 0, TokenType::control);
  constexpr char digits[] = "0123456789ABCDEF";
  for (std::size_t b = 0; bytes && b < 256; ++b)
    add(std::string("<0x") + digits[b / 16] + digits[b % 16] + ">", 0, TokenType::byte);
  for (std::size_t i = 0; i < pieces.size(); ++i) add(pieces[i], -static_cast<float>(i), TokenType::normal);
  v.unknown = 0, v.bos = 1, v.eos = 2;
  return v;
}

}  // namespace weft::test
