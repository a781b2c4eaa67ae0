// A small byte-complete vocabulary for the tests of this room.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/text/vocabulary.hpp"

namespace weft::test {

/// GPT-2's spelling of a byte.
inline std::string gpt2_spelling(unsigned byte) {
  const auto printable = [](unsigned b) { return (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE; };
  unsigned code = byte;
  if (!printable(byte)) {
    code = 0x100;
    for (unsigned b = 0; b < byte; ++b) code += printable(b) ? 0u : 1u;
  }
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
}

/// Ids 0-255 are the bytes, then "th" 256, "the" 257, " the" 258 (by " t" 259 + "he" 260, which are preferred last), then
/// the control tokens <|im_start|> 261 and <|im_end|> 262, and the user-defined <tool> 263.
inline Vocabulary tiny_vocabulary() {
  Vocabulary vocabulary;
  vocabulary.model = "gpt2";
  vocabulary.pre = "gpt-2";
  for (unsigned byte = 0; byte < 256; ++byte) vocabulary.tokens.push_back(gpt2_spelling(byte));
  const std::string space = gpt2_spelling(' ');
  vocabulary.merges = {"t h", "th e", space + " the", space + " t", "h e"};
  vocabulary.tokens.insert(vocabulary.tokens.end(), {"th", "the", space + "the", space + "t", "he"});
  vocabulary.types.assign(vocabulary.tokens.size(), TokenType::normal);
  const auto add = [&](std::string text, TokenType type) {
    vocabulary.tokens.push_back(std::move(text));
    vocabulary.types.push_back(type);
  };
  add("<|im_start|>", TokenType::control);
  add("<|im_end|>", TokenType::control);
  add("<tool>", TokenType::user_defined);
  vocabulary.bos = 261;
  vocabulary.eos = 262;
  vocabulary.end_tokens = {262};
  return vocabulary;
}

/// SentencePiece's BPE: <unk> 0, <s> 1, </s> 2, bytes from 3 on (if wanted), then the pieces in order of preference.
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
  v.unknown = 0;
  v.bos = 1;
  v.eos = 2;
  return v;
}

}  // namespace weft::test
