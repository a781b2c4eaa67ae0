#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "weft/core/normalize.hpp"
#include "weft/core/unicode.hpp"
#include "weft/core/utf8.hpp"
#include "weft/text/character_tests.hpp"
#include "weft/text/wordpiece_tokenizer.hpp"

namespace weft::detail {

WEFT_INLINE WordPieceTokenizer::WordPieceTokenizer(Vocabulary vocabulary)
    : TokenizerFamily(std::move(vocabulary)), tokens_(vocabulary_, Spelling::space_mark), whole_(vocabulary_) {
  for (std::size_t i = 0; i < vocabulary_.tokens.size(); ++i) {
    const TokenType type = vocabulary_.types.empty() ? TokenType::normal : vocabulary_.types[i];
    if (!is_control(type)) trie_.add(vocabulary_.tokens[i], static_cast<Token>(i));
  }
}

// The first code of the canonical decomposition: the letter without its marks.
inline char32_t base_letter(std::string_view character, char32_t code) {
  if (code < 0xC0) return code;
  std::vector<NormalCode> codes;
  normalize_codes(character, NormalForm::nfd, codes);
  return codes.empty() ? code : codes.front().code;
}

WEFT_INLINE void WordPieceTokenizer::encode(std::string_view text, bool control, std::vector<Token>& out, std::vector<TextRange>* ranges) const {
  out.reserve(out.size() + text.size() / 4 + 4);
  Word word;
  const auto finish_word = [&] {
    if (!word.text.empty()) encode_word(word, out, ranges);
    word.text.clear();
    word.places.clear();
  };
  const auto read = [&](std::string_view character, char32_t code, const TextRange& place) {
    if (code >= raw_byte || code == replacement_character) return;
    if (vocabulary_.strip_accents) code = base_letter(character, code);
    if (is_white_space(code)) return finish_word();
    const Category kind = category(code);
    if (code == 0 || (is_other(kind) && kind != Category::cn) || (vocabulary_.strip_accents && is_mark(kind))) return;
    const bool alone = is_punctuation(kind) || (code < 0x7F && is_symbol(kind)) || is_chinese(code);
    if (alone) finish_word();
    append_utf8(word.text, vocabulary_.lowercase ? lower_case(code) : code);
    word.places.resize(word.text.size(), place);
    if (alone) finish_word();
  };
  whole_.cut(text, control, [&](std::size_t begin, std::size_t end, Token id) {
    if (id >= 0) {
      out.push_back(id);
      if (ranges) ranges->push_back({begin, end});
      return;
    }
    for (std::size_t at = begin; at < end;) {
      const auto unit = read_unit(text, at);
      read(text.substr(at, unit.length), unit.code, {at, at + unit.length});
      at += unit.length;
    }
    finish_word();
  });
}

WEFT_INLINE void WordPieceTokenizer::encode_word(const Word& word, std::vector<Token>& out, std::vector<TextRange>* ranges) const {
  const std::size_t count = out.size(), placed = ranges ? ranges->size() : 0, marks = space_mark.size();
  const std::string text = std::string(space_mark) + word.text;
  const auto place = [&](std::size_t at) { return word.places[at - marks]; };
  for (std::size_t begin = 0; begin < text.size();) {
    const auto best = trie_.longest(std::string_view(text).substr(begin));
    if (best.id < 0) {
      out.resize(count);
      break;
    }
    out.push_back(best.id);
    const std::size_t end = begin + best.length;
    if (ranges) {
      const std::size_t front = place(std::max(begin, marks)).begin;
      ranges->push_back({front, end > marks ? place(end - 1).end : front});
    }
    begin = end;
  }
  if (out.size() > count) return;
  if (ranges) ranges->resize(placed);
  if (!vocabulary_.unknown) return;
  out.push_back(*vocabulary_.unknown);
  if (ranges) ranges->push_back({word.places.front().begin, word.places.back().end});
}

WEFT_INLINE void WordPieceTokenizer::decode(Token id, DecodeState& state, InvalidUtf8, std::string& out) const {
  append_without_front_space(bytes(id), true, state, out);
}

}  // namespace weft::detail
