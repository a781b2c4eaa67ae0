// Spaces stand for themselves here, and the vocabulary's U+2581 for spaces: the same merges, on shorter texts.
#pragma once

#include <algorithm>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/text/sentencepiece_bpe.hpp"

namespace weft::detail {

WEFT_INLINE SentencePieceBpe::SentencePieceBpe(Vocabulary vocabulary)
    : TokenizerFamily(std::move(vocabulary)), tokens_(vocabulary_, Spelling::space_mark), normalizer_(vocabulary_), whole_(vocabulary_, !vocabulary_.sentencepiece) {
  const auto& scores = vocabulary_.scores;
  check_scores(vocabulary_);
  byte_tokens_.fill(vocabulary_.unknown.value_or(-1));
  fuse_unknown_ = vocabulary_.sentencepiece && vocabulary_.unknown && std::find(vocabulary_.types.begin(), vocabulary_.types.end(), TokenType::byte) == vocabulary_.types.end();
  for (std::size_t i = 0; i < vocabulary_.types.size(); ++i)
    if (vocabulary_.types[i] == TokenType::byte && tokens_.bytes(static_cast<Token>(i)).size() == 1)
      byte_tokens_[static_cast<unsigned char>(tokens_.bytes(static_cast<Token>(i))[0])] = static_cast<Token>(i);
  std::size_t bytes = 0;
  for (const auto& token : vocabulary_.tokens) bytes += token.size();
  joins_ = PairFilter(bytes);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const std::string_view text = tokens_.bytes(static_cast<Token>(i));
    char32_t last = 0;
    for (std::size_t at = 0; at < text.size();) {
      const auto unit = read_unit(text, at);
      if (at > 0) joins_.add(last, unit.code);
      last = unit.code;
      at += unit.length;
    }
  }
}

WEFT_INLINE void SentencePieceBpe::encode(std::string_view text, bool control, std::vector<Token>& out, std::vector<TextRange>* ranges) const {
  if (text.size() >= 0xFFFFFFF0) fail(ErrorKind::resource, "encode: a text of ", text.size(), " bytes; at most 4 GiB are supported");
  out.reserve(out.size() + text.size() / 3 + 4);
  Call call(ranges || fuse_unknown_ ? 0 : text.size());  // what is fused afterwards cannot be copied from
  const bool normal = normalizer_.changes_text() || fuse_unknown_;
  bool front = true;
  whole_.cut(text, control, [&](std::size_t begin, std::size_t end, Token id) {
    const std::string_view part = text.substr(begin, end - begin);
    if (id >= 0) {
      out.push_back(id);
      if (ranges) ranges->push_back({begin, end});
    } else if (normal) {
      encode_normal(part, front, call, out, ranges, begin);
    } else {
      encode_part(part, front && vocabulary_.add_space_prefix, call, out, ranges, begin);
    }
    front = id >= 0 && !vocabulary_.sentencepiece;
  });
}

// Removes the second of two unknown tokens side by side.
inline void fuse_unknown_tokens(Token unknown, std::size_t first, std::vector<Token>& out, std::vector<TextRange>* ranges, std::size_t first_range) {
  std::size_t kept = first;
  for (std::size_t i = first; i < out.size(); ++i) {
    const bool joins = kept > first && out[i] == unknown && out[kept - 1] == unknown;
    if (joins && ranges) (*ranges)[first_range + kept - 1 - first].end = (*ranges)[first_range + i - first].end;
    if (joins) continue;
    if (ranges) (*ranges)[first_range + kept - first] = (*ranges)[first_range + i - first];
    out[kept++] = out[i];
  }
  if (ranges) ranges->resize(first_range + kept - first);
  out.resize(kept);
}

// User-defined tokens are found in the normalised text, and are in one piece there.
WEFT_INLINE void SentencePieceBpe::encode_normal(std::string_view part, bool front, Call& call, std::vector<Token>& out, std::vector<TextRange>* ranges,
                                                 std::size_t offset) const {
  const NormalText& normal = call.normal;
  normalizer_.apply(part, front, ranges != nullptr, call.normal);
  const std::string_view text = normal.text;
  const std::size_t first = out.size(), first_range = ranges ? ranges->size() : 0;
  std::size_t done = 0;
  const auto encode_until = [&](std::size_t end) {
    if (done < end) encode_part(text.substr(done, end - done), false, call, out, ranges, done);
  };
  for (std::size_t at = 0; vocabulary_.sentencepiece && at < text.size();) {
    const auto [id, length] = normalizer_.user_defined_front(text.substr(at));
    if (id < 0) {
      at += read_unit(text, at).length;
      continue;
    }
    encode_until(at);
    out.push_back(id);
    if (ranges) ranges->push_back({at, at + length});
    done = at += length;
  }
  encode_until(text.size());
  for (std::size_t i = first_range; ranges && i < ranges->size(); ++i) {
    TextRange& range = (*ranges)[i];
    range = {offset + normal.places[range.begin].begin, offset + normal.places[range.end - 1].end};
  }
  if (fuse_unknown_) fuse_unknown_tokens(*vocabulary_.unknown, first, out, ranges, first_range);
}

// Between characters that no token holds side by side nothing merges: what lies between such places is encoded word by word.
WEFT_INLINE void SentencePieceBpe::encode_part(std::string_view part, bool space_before, Call& call, std::vector<Token>& out,
                                               std::vector<TextRange>* ranges, std::size_t offset) const {
  const std::size_t front = ranges ? 0 : call.spaced.text.size();
  call.spaced.append(part, space_before, ranges != nullptr);
  const std::string& text = call.spaced.text;
  const auto encode_until = [&](std::size_t begin, std::size_t end) {
    const std::string_view word = std::string_view(text).substr(begin, end - begin);
    const auto encode_word = [&](const auto& emitted) {
      merge(word, call);
      std::size_t at = 0;
      for (const MergedPiece piece : call.pieces) {
        const std::size_t before = out.size();
        emit(word.substr(at, piece.end - at), static_cast<Token>(piece.id), out);
        emitted(begin + at, begin + piece.end, out.size() - before);
        at = piece.end;
      }
    };
    if (ranges)
      encode_word([&](std::size_t from, std::size_t to, std::size_t count) { ranges->insert(ranges->end(), count, call.spaced.range(from, to, offset)); });
    else
      call.known.append(text.data(), word, out, [&] { encode_word([](std::size_t, std::size_t, std::size_t) {}); });
  };
  std::size_t begin = front;
  char32_t last = 0;
  for (std::size_t at = front; at < text.size();) {
    const auto unit = read_unit(text, at);
    if (at > begin && !joins_.may_hold(last, unit.code)) {
      encode_until(begin, at);
      begin = at;
    }
    last = unit.code;
    at += unit.length;
  }
  if (begin < text.size()) encode_until(begin, text.size());
}

WEFT_INLINE void SentencePieceBpe::merge(std::string_view word, Call& call) const {
  auto& symbols = call.symbols;
  const auto merge_window = [&](std::uint32_t begin, std::uint32_t bytes, std::vector<MergedPiece>& pieces) {
    symbols.clear();
    std::uint32_t at = begin;
    for (const std::uint32_t end = begin + bytes; at < end;) {
      const auto i = static_cast<std::uint32_t>(symbols.size());
      const std::uint32_t length = read_unit(word, at).length;
      symbols.push_back({at, length, i - 1, i + 1, -1});
      at += length;
    }
    if (symbols.size() > 1) merge_symbols(word, call);
    for (std::uint32_t i = 0; i < symbols.size(); i = symbols[i].next) pieces.push_back({static_cast<std::uint32_t>(symbols[i].id), symbols[i].begin + symbols[i].length});
    return at;
  };
  merge_in_windows(0, static_cast<std::uint32_t>(word.size()), merge_window, call.pieces);
}

// The best score first, of equal ones the leftmost. O(n log n).
WEFT_INLINE void SentencePieceBpe::merge_symbols(std::string_view word, Call& call) const {
  auto& symbols = call.symbols;
  auto& queue = call.queue;
  const auto count = static_cast<std::uint32_t>(symbols.size());
  queue.clear();
  const auto worse = [](const Pair& a, const Pair& b) { return a.score < b.score || (a.score == b.score && a.left > b.left); };
  const auto look = [&](std::uint32_t left) {  // true if the pair that begins here makes a token: it is then in the queue
    const std::uint32_t right = symbols[left].next;
    if (right >= count) return false;
    const std::uint32_t length = symbols[left].length + symbols[right].length;
    const Token id = tokens_.find(word.substr(symbols[left].begin, length));
    if (id < 0) return false;
    queue.push_back({vocabulary_.scores[static_cast<std::size_t>(id)], left, length, id});
    return true;
  };
  for (std::uint32_t i = 0; i + 1 < count; ++i) look(i);
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
    left.id = best.id;
    right.length = 0;
    if (left.next < count) symbols[left.next].previous = best.left;
    if (look(best.left)) std::push_heap(queue.begin(), queue.end(), worse);
    if (left.previous < count && look(left.previous)) std::push_heap(queue.begin(), queue.end(), worse);
  }
}

WEFT_INLINE void SentencePieceBpe::emit(std::string_view symbol, Token id, std::vector<Token>& out) const {
  if (id < 0) id = tokens_.find(symbol);
  if (id >= 0) {
    out.push_back(id);
    return;
  }
  if (fuse_unknown_) return out.push_back(*vocabulary_.unknown);
  const std::string_view spelt = symbol == " " ? space_mark : symbol;
  for (const char c : spelt)
    if (const Token byte = byte_tokens_[static_cast<unsigned char>(c)]; byte >= 0) out.push_back(byte);
}

WEFT_INLINE void SentencePieceBpe::decode(Token id, DecodeState& state, InvalidUtf8, std::string& out) const {
  append_without_front_space(bytes(id), vocabulary_.add_space_prefix, state, out);
}

}  // namespace weft::detail
