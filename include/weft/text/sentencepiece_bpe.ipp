// Spaces stand for themselves here, and the vocabulary's U+2581 for spaces: the same merges, on shorter texts.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/text/sentencepiece_bpe.hpp"

namespace weft::detail {

WEFT_INLINE SentencePieceBpe::SentencePieceBpe(Vocabulary vocabulary)
    : TokenizerFamily(std::move(vocabulary)), tokens_(vocabulary_, Spelling::space_mark), whole_(vocabulary_) {
  const auto& scores = vocabulary_.scores;
  if (scores.size() != vocabulary_.tokens.size())
    fail(ErrorKind::format, "vocabulary: ", scores.size(), " scores for ", vocabulary_.tokens.size(), " tokens; a SentencePiece vocabulary has one each");
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (std::isnan(scores[i])) fail(ErrorKind::format, "vocabulary: the score of token ", i, " is not a number");
  byte_tokens_.fill(vocabulary_.unknown.value_or(-1));
  for (std::size_t i = 0; i < vocabulary_.types.size(); ++i)
    if (vocabulary_.types[i] == TokenType::byte && tokens_.bytes(static_cast<Token>(i)).size() == 1)
      byte_tokens_[static_cast<unsigned char>(tokens_.bytes(static_cast<Token>(i))[0])] = static_cast<Token>(i);
}

WEFT_INLINE void SentencePieceBpe::encode(std::string_view text, bool control, std::vector<Token>& out, std::vector<TextRange>* ranges) const {
  out.reserve(out.size() + text.size() / 3 + 4);
  Scratch scratch;
  bool space_before = vocabulary_.add_space_prefix;
  whole_.cut(text, control, [&](std::size_t begin, std::size_t end, Token id) {
    if (id < 0) {
      encode_part(text.substr(begin, end - begin), space_before, scratch, out, ranges, begin);
    } else {
      out.push_back(id);
      if (ranges) ranges->push_back({begin, end});
    }
    space_before = vocabulary_.add_space_prefix && id >= 0;
  });
}

WEFT_INLINE void SentencePieceBpe::encode_part(std::string_view part, bool space_before, Scratch& scratch, std::vector<Token>& out,
                                               std::vector<TextRange>* ranges, std::size_t offset) const {
  if (part.size() >= 0xFFFFFFF0) fail(ErrorKind::resource, "encode: a text of ", part.size(), " bytes; at most 4 GiB are supported");
  auto& text = scratch.text;
  auto& symbols = scratch.symbols;
  text.assign(space_before ? 1 : 0, ' ');
  symbols.clear();
  if (ranges) scratch.origin.assign(text.size(), 0);
  if (space_before) symbols.push_back({0, 1, 0, 0});
  for (std::size_t at = 0; at < part.size();) {
    const auto unit = read_unit(part, at);
    const auto begin = static_cast<std::uint32_t>(text.size());
    if (unit.code == space_mark_code)
      text.push_back(' ');
    else
      text.append(part, at, unit.length);
    const auto length = static_cast<std::uint32_t>(text.size()) - begin;
    symbols.push_back({begin, length, 0, 0});
    if (ranges) scratch.origin.insert(scratch.origin.end(), length, static_cast<std::uint32_t>(at));
    at += unit.length;
  }
  if (ranges) scratch.origin.push_back(static_cast<std::uint32_t>(part.size()));
  merge(scratch);
  for (std::uint32_t i = 0; i < symbols.size(); i = symbols[i].next) {
    const Symbol& symbol = symbols[i];
    const std::size_t before = out.size();
    emit(std::string_view(text).substr(symbol.begin, symbol.length), out);
    if (ranges)
      ranges->insert(ranges->end(), out.size() - before,
                     {offset + scratch.origin[symbol.begin], offset + scratch.origin[symbol.begin + symbol.length]});
  }
}

// The best score first, of equal ones the leftmost. O(n log n).
WEFT_INLINE void SentencePieceBpe::merge(Scratch& scratch) const {
  auto& symbols = scratch.symbols;
  auto& queue = scratch.queue;
  const std::string_view text = scratch.text;
  const auto count = static_cast<std::uint32_t>(symbols.size());
  queue.clear();
  const auto worse = [](const Pair& a, const Pair& b) { return a.score < b.score || (a.score == b.score && a.left > b.left); };
  const auto look = [&](std::uint32_t left) {  // true if the pair that begins here makes a token: it is then in the queue
    const std::uint32_t right = symbols[left].next;
    if (right >= count) return false;
    const std::uint32_t length = symbols[left].length + symbols[right].length;
    const Token id = tokens_.find(text.substr(symbols[left].begin, length));
    if (id < 0) return false;
    queue.push_back({vocabulary_.scores[static_cast<std::size_t>(id)], left, length});
    return true;
  };
  for (std::uint32_t i = 0; i < count; ++i) {
    symbols[i].previous = i - 1;
    symbols[i].next = i + 1;
  }
  for (std::uint32_t i = 0; i < count; ++i) look(i);
  std::make_heap(queue.begin(), queue.end(), worse);
  while (!queue.empty()) {
    const Pair best = queue.front();
    std::pop_heap(queue.begin(), queue.end(), worse);
    queue.pop_back();
    Symbol& left = symbols[best.left];
    if (left.length == 0 || left.next >= count || left.length + symbols[left.next].length != best.length) continue;
    Symbol& right = symbols[left.next];
    left.length = best.length;
    left.next = right.next;
    right.length = 0;
    if (left.next < count) symbols[left.next].previous = best.left;
    if (look(best.left)) std::push_heap(queue.begin(), queue.end(), worse);
    if (left.previous < count && look(left.previous)) std::push_heap(queue.begin(), queue.end(), worse);
  }
}

WEFT_INLINE void SentencePieceBpe::emit(std::string_view symbol, std::vector<Token>& out) const {
  if (const Token id = tokens_.find(symbol); id >= 0) {
    out.push_back(id);
    return;
  }
  const std::string_view spelt = symbol == " " ? space_mark : symbol;
  for (const char c : spelt)
    if (const Token id = byte_tokens_[static_cast<unsigned char>(c)]; id >= 0) out.push_back(id);
}

WEFT_INLINE void SentencePieceBpe::decode(Token id, DecodeState& state, InvalidUtf8, std::string& out) const {
  std::string_view text = bytes(id);
  if (state.tokens++ == 0 && vocabulary_.add_space_prefix && text.starts_with(' ')) text.remove_prefix(1);
  out.append(text);
}

}  // namespace weft::detail
