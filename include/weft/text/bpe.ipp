// Tables that fit the cache, and the merging.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>

#include "weft/core/error.hpp"
#include "weft/text/bpe.hpp"
#include "weft/text/byte_alphabet.hpp"

namespace weft {
namespace detail {

WEFT_INLINE bool append_gpt2_bytes(std::string& bytes, std::string_view text) {
  const std::size_t before = bytes.size();
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::size_t code = static_cast<unsigned char>(text[i]);
    if (code >= 0x80 && i + 1 < text.size()) {  // all of the alphabet has one or two bytes
      const std::size_t next = static_cast<unsigned char>(text[++i]);
      code = code >= 0xC2 && code <= 0xC5 && (next & 0xC0) == 0x80 ? (code & 0x1F) << 6 | (next & 0x3F) : gpt2_byte_of.size();
    } else if (code >= 0x80) {
      code = gpt2_byte_of.size();
    }
    if (code >= gpt2_byte_of.size() || gpt2_byte_of[code] < 0) {
      bytes.resize(before);
      return false;
    }
    bytes.push_back(static_cast<char>(static_cast<unsigned char>(gpt2_byte_of[code])));
  }
  return true;
}

template <class T>
inline T load_as(const char* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Words are short: one or two multiplications for most. Reads no byte outside.
inline std::uint32_t hash_bytes(std::string_view bytes) noexcept {
  const char* p = bytes.data();
  std::size_t n = bytes.size();
  std::uint64_t h = n * 0x9E3779B97F4A7C15u;
  const auto mix = [&h](std::uint64_t value) {
    h = (h ^ value) * 0xD6E8FEB86659FD93u;
    h ^= h >> 32;
  };
  for (; n > 8; n -= 8, p += 8) mix(load_as<std::uint64_t>(p));
  if (n >= 4) {
    mix(std::uint64_t{load_as<std::uint32_t>(p)} << 32 | load_as<std::uint32_t>(p + n - 4));
  } else if (n > 0) {
    const auto at = [p](std::size_t i) { return static_cast<std::uint64_t>(static_cast<unsigned char>(p[i])); };
    mix(at(0) << 16 | at(n / 2) << 8 | at(n - 1));
  }
  return static_cast<std::uint32_t>(h ^ h >> 29);
}

WEFT_INLINE int byte_of_hex_token(std::string_view text) noexcept {
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return -1;
  int value = 0;
  for (const char c : text.substr(3, 2)) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

// RWKV's spelling: what Python's repr() makes of bytes.
inline void append_unescaped(std::string& bytes, std::string_view text) {
  const auto digit = [](char c) { return static_cast<unsigned>(c >= 'a' ? c - 'a' + 10 : c >= 'A' ? c - 'A' + 10 : c - '0') & 0xFu; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      bytes.push_back(text[i]);
      continue;
    }
    const char c = text[++i];
    if (c == 'x' && i + 2 < text.size()) {
      bytes.push_back(static_cast<char>(static_cast<unsigned char>(digit(text[i + 1]) << 4 | digit(text[i + 2]))));
      i += 2;
    } else {
      bytes.push_back(c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c);
    }
  }
}

// What the token's text stands for; false if no text of a user is written so.
inline bool append_spelt(std::string& bytes, std::string_view text, Spelling spelling) {
  if (spelling == Spelling::gpt2) return append_gpt2_bytes(bytes, text);
  if (spelling == Spelling::escaped) {
    append_unescaped(bytes, text);
    return true;
  }
  const bool marks = spelling == Spelling::space_mark, has_space = marks && text.find(' ') != std::string_view::npos;
  for (std::size_t mark; marks && (mark = text.find(space_mark)) != std::string_view::npos; text.remove_prefix(mark + space_mark.size()))
    bytes.append(text.substr(0, mark)).push_back(' ');
  bytes.append(text);
  return !has_space;
}

WEFT_INLINE TokenTable::TokenTable(const Vocabulary& vocabulary, Spelling spelling) : spelling_(spelling) {
  const std::size_t count = vocabulary.tokens.size();
  if (count == 0) fail(ErrorKind::format, "vocabulary: it has no tokens");
  if (count > MergeTable::max_tokens) fail(ErrorKind::unsupported, "vocabulary: ", count, " tokens, at most ", MergeTable::max_tokens, " are supported");
  if (!vocabulary.types.empty() && vocabulary.types.size() != count)
    fail(ErrorKind::argument, "vocabulary: ", vocabulary.types.size(), " types for ", count, " tokens");
  slots_.assign(std::bit_ceil(count * 2), Slot{0, -1});
  offsets_.reserve(count + 1);
  offsets_.push_back(0);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& text = vocabulary.tokens[i];
    const TokenType type = vocabulary.types.empty() ? TokenType::normal : vocabulary.types[i];
    const int byte = type == TokenType::byte ? byte_of_hex_token(text) : -1;
    bool from_words = false;
    if (byte >= 0) {
      pool_.push_back(static_cast<char>(static_cast<unsigned char>(byte)));
    } else if (type == TokenType::normal || type == TokenType::unused) {
      const std::size_t before = pool_.size();
      from_words = append_spelt(pool_, text, spelling);
      if (!from_words) pool_.replace(before, std::string::npos, text);
    } else {
      pool_.append(text);
    }
    if (pool_.size() > 0xFFFFFFFF) fail(ErrorKind::unsupported, "vocabulary: its tokens have more than 4 GiB of text");
    offsets_.push_back(static_cast<std::uint32_t>(pool_.size()));
    if (from_words && !text.empty()) insert(static_cast<Token>(i));
  }
}

WEFT_INLINE void TokenTable::insert(Token id) {
  const std::string_view text = bytes(id);
  longest_ = std::max(longest_, text.size());
  const std::uint32_t hash = hash_bytes(text);
  std::size_t at = hash & (slots_.size() - 1);
  for (; slots_[at].id >= 0; at = (at + 1) & (slots_.size() - 1))
    if (slots_[at].hash == hash && bytes(slots_[at].id) == text) return;
  slots_[at] = {hash, id};
}

WEFT_INLINE Token TokenTable::find(std::string_view text) const noexcept {
  if (text.size() > longest_) return -1;
  const std::uint32_t hash = hash_bytes(text);
  for (std::size_t at = hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[at];
    if (slot.id < 0) return -1;
    if (slot.hash == hash && bytes(slot.id) == text) return slot.id;
  }
}

WEFT_INLINE void MergeTable::reserve(std::size_t count) {
  if (count >= none) fail(ErrorKind::unsupported, "vocabulary: ", count, " merges, at most ", none - 1, " are supported");
  const std::size_t capacity = std::bit_ceil(std::max<std::size_t>(count * 2, 16));
  slots_.assign(capacity, empty);
  mask_ = capacity - 1;
  shift_ = 64 - static_cast<unsigned>(std::countr_zero(capacity));
  merged_.assign(count, 0);
}

WEFT_INLINE void MergeTable::add(std::uint32_t rank, const Merge& merge, bool replace) {
  merged_[rank] = merge.result;
  const std::uint64_t pair = std::uint64_t{merge.left} << 20 | merge.right;
  std::size_t at = hash(pair);
  while (slots_[at] != empty && slots_[at] >> 24 != pair) at = (at + 1) & mask_;
  if (slots_[at] == empty || replace) slots_[at] = pair << 24 | rank;
}

WEFT_INLINE MergeTable::MergeTable(const Vocabulary& vocabulary, const TokenTable& tokens) {
  reserve(vocabulary.merges.size());
  std::string bytes;
  for (std::size_t i = 0; i < vocabulary.merges.size(); ++i) {
    const std::string& merge = vocabulary.merges[i];
    const std::size_t space = merge.find(' ', 1);
    if (space == std::string::npos || space + 1 == merge.size())
      fail(ErrorKind::format, "vocabulary: tokenizer.ggml.merges[", i, "] is '", merge.substr(0, 60), "', expected two parts with a space between them");
    bytes.clear();
    if (!append_spelt(bytes, std::string_view(merge).substr(0, space), tokens.spelling())) continue;
    const std::size_t half = bytes.size();
    if (!append_spelt(bytes, std::string_view(merge).substr(space + 1), tokens.spelling())) continue;
    const Token left = tokens.find(std::string_view(bytes).substr(0, half));
    const Token right = tokens.find(std::string_view(bytes).substr(half));
    const Token both = tokens.find(bytes);
    if (left < 0 || right < 0 || both < 0) continue;  // it can never fire
    add(static_cast<std::uint32_t>(i), {static_cast<std::uint32_t>(left), static_cast<std::uint32_t>(right), static_cast<std::uint32_t>(both)}, false);
  }
}

WEFT_INLINE MergeTable MergeTable::by_id(const TokenTable& tokens) {
  std::vector<Merge> merges;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string_view bytes = tokens.bytes(static_cast<Token>(i));
    if (tokens.find(bytes) != static_cast<Token>(i)) continue;
    for (std::size_t half = 1; half < bytes.size(); ++half) {
      const Token left = tokens.find(bytes.substr(0, half)), right = tokens.find(bytes.substr(half));
      if (left >= 0 && right >= 0) merges.push_back({static_cast<std::uint32_t>(left), static_cast<std::uint32_t>(right), static_cast<std::uint32_t>(i)});
    }
  }
  MergeTable table;
  table.reserve(std::max(merges.size(), tokens.size()));
  for (const Merge& merge : merges) table.add(merge.result, merge, false);
  return table;
}

WEFT_INLINE MergeTable::MergeTable(std::span<const Merge> merges, bool last_counts) {
  reserve(merges.size());
  for (std::size_t i = 0; i < merges.size(); ++i) add(static_cast<std::uint32_t>(i), merges[i], last_counts);
}

WEFT_INLINE void MergeTable::merge_symbols(BpeScratch& scratch) const {
  auto& symbols = scratch.symbols;
  const auto count = static_cast<std::uint32_t>(symbols.size());
  for (std::uint32_t i = 0; i < count; ++i) {
    auto& symbol = symbols[i];
    symbol.previous = i - 1;
    symbol.next = i + 1;
    symbol.rank = i + 1 < count ? rank(symbol.id, symbols[i + 1].id) : none;
  }
  if (count > short_part)
    merge_long(scratch);
  else
    merge_short(scratch);
}

WEFT_INLINE void MergeTable::merge_short(BpeScratch& scratch) const {
  auto& symbols = scratch.symbols;
  const auto end = static_cast<std::uint32_t>(symbols.size());
  for (;;) {
    std::uint32_t best = 0;
    for (std::uint32_t i = symbols[0].next; i < end; i = symbols[i].next)
      if (symbols[i].rank < symbols[best].rank) best = i;
    auto& symbol = symbols[best];
    if (symbol.rank == none) return;
    symbol.id = merged(symbol.rank);
    symbol.next = symbols[symbol.next].next;
    symbol.rank = none;
    if (symbol.next < end) {
      symbol.rank = rank(symbol.id, symbols[symbol.next].id);
      symbols[symbol.next].previous = best;
    }
    if (best > 0) symbols[symbol.previous].rank = rank(symbols[symbol.previous].id, symbol.id);
  }
}

// A queue of pairs.
WEFT_INLINE void MergeTable::merge_long(BpeScratch& scratch) const {
  auto& symbols = scratch.symbols;
  auto& queue = scratch.queue;
  const auto end = static_cast<std::uint32_t>(symbols.size());
  queue.clear();
  for (std::uint32_t i = 0; i < end; ++i)
    if (symbols[i].rank != none) queue.push_back(std::uint64_t{symbols[i].rank} << 32 | i);
  std::make_heap(queue.begin(), queue.end(), std::greater<>());
  const auto update = [&](std::uint32_t at) {
    auto& symbol = symbols[at];
    symbol.rank = symbol.next >= end ? none : rank(symbol.id, symbols[symbol.next].id);
    if (symbol.rank == none) return;
    queue.push_back(std::uint64_t{symbol.rank} << 32 | at);
    std::push_heap(queue.begin(), queue.end(), std::greater<>());
  };
  while (!queue.empty()) {
    const std::uint64_t least = queue.front();
    std::pop_heap(queue.begin(), queue.end(), std::greater<>());
    queue.pop_back();
    const auto at = static_cast<std::uint32_t>(least & 0xFFFFFFFF);
    auto& symbol = symbols[at];
    if (symbol.rank != least >> 32) continue;  // the pair is not there any more
    auto& swallowed = symbols[symbol.next];
    symbol.id = merged(symbol.rank);
    symbol.next = swallowed.next;
    swallowed.rank = none;
    if (symbol.next < end) symbols[symbol.next].previous = at;
    update(at);
    if (at > 0) update(symbol.previous);
  }
}

}  // namespace detail

WEFT_INLINE Bpe::Bpe(const Vocabulary& vocabulary, bool whole_words)
    : tokens_(vocabulary), merges_(vocabulary.merge_by_id ? detail::MergeTable::by_id(tokens_) : detail::MergeTable(vocabulary, tokens_)), unknown_(vocabulary.unknown.value_or(-1)), whole_words_(whole_words) {
  fill();
}

WEFT_INLINE Bpe::Bpe(const Vocabulary& vocabulary, std::span<const detail::MergeTable::Merge> merges, bool whole_words)
    : tokens_(vocabulary), merges_(merges, true), unknown_(vocabulary.unknown.value_or(-1)), whole_words_(whole_words) {
  fill();
}

WEFT_INLINE void Bpe::fill() {
  whole_ = std::make_unique<std::atomic<std::uint8_t>[]>(tokens_.size());
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(static_cast<unsigned char>(byte));
    const Token id = tokens_.find({&c, 1});
    byte_tokens_[byte] = id < 0 ? missing : static_cast<std::uint32_t>(id);
  }
  // Symbols are bytes: what a token holds side by side may join.
  detail::PairFilter joins(std::size_t{1} << 16);
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    const std::string_view bytes = tokens_.bytes(static_cast<Token>(i));
    const auto symbol = [&](std::size_t at) { return byte_tokens_[static_cast<unsigned char>(bytes[at])]; };
    for (std::size_t at = 1; at < bytes.size(); ++at) joins.add(symbol(at - 1), symbol(at));
  }
  merges_.set_joins(std::move(joins));
}

WEFT_INLINE void Bpe::emit(std::uint32_t id, std::vector<Token>& out) const {
  if (id != missing)
    out.push_back(static_cast<Token>(id));
  else if (unknown_ >= 0)
    out.push_back(unknown_);
}

WEFT_INLINE void Bpe::encode(std::string_view word, std::vector<Token>& out, BpeScratch& scratch) const {
  if (word.size() < 2) {
    if (!word.empty()) emit(byte_tokens_[static_cast<unsigned char>(word[0])], out);
    return;
  }
  // Most words of a text are tokens as a whole.
  const Token id = tokens_.find(word);
  std::atomic<std::uint8_t>* known = id >= 0 ? &whole_[static_cast<std::size_t>(id)] : nullptr;
  const std::uint8_t whole = known == nullptr ? 2 : whole_words_ ? 1 : known->load(std::memory_order_relaxed);
  if (whole == 1) {
    out.push_back(id);
    return;
  }
  const std::size_t before = out.size();
  if (word.size() <= short_word)
    merge_short(word, out);
  else
    merge_long(word, out, scratch);
  if (whole == 0) known->store(out.size() == before + 1 && out.back() == id ? 1 : 2, std::memory_order_relaxed);
}

WEFT_INLINE void Bpe::append_ranges(std::string_view word, std::size_t offset, std::span<const Token> tokens, std::vector<TextRange>& ranges) const {
  std::size_t at = 0;
  for (const Token id : tokens) {
    const std::string_view bytes = tokens_.bytes(id);
    // Bytes without a token are left out, or each is the unknown token.
    while (id != unknown_ && at < word.size() && !word.substr(at).starts_with(bytes)) ++at;
    const std::size_t length = id == unknown_ ? 1 : bytes.size();
    ranges.push_back({offset + std::min(at, word.size()), offset + std::min(at + length, word.size())});
    at += length;
  }
}

WEFT_INLINE void Bpe::merge_short(std::string_view word, std::vector<Token>& out) const {
  std::uint32_t ids[short_word];
  std::uint32_t ranks[short_word];  // ranks[i]: of the pair (i, i + 1)
  std::size_t count = word.size();
  for (std::size_t i = 0; i < count; ++i) ids[i] = byte_tokens_[static_cast<unsigned char>(word[i])];
  for (std::size_t i = 0; i + 1 < count; ++i) ranks[i] = merges_.rank(ids[i], ids[i + 1]);
  while (count > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < count; ++i)
      if (ranks[i] < ranks[best]) best = i;
    if (ranks[best] == detail::MergeTable::none) break;
    ids[best] = merges_.merged(ranks[best]);
    --count;
    for (std::size_t i = best + 1; i < count; ++i) {
      ids[i] = ids[i + 1];
      ranks[i - 1] = ranks[i];
    }
    if (best > 0) ranks[best - 1] = merges_.rank(ids[best - 1], ids[best]);
    if (best + 1 < count) ranks[best] = merges_.rank(ids[best], ids[best + 1]);
  }
  for (std::size_t i = 0; i < count; ++i) emit(ids[i], out);
}

WEFT_INLINE void Bpe::merge_long(std::string_view word, std::vector<Token>& out, BpeScratch& scratch) const {
  if (word.size() >= 0xFFFFFFFF) fail(ErrorKind::resource, "encode: a word of ", word.size(), " bytes; at most 4 GiB are supported");
  const auto symbol = [&](std::uint32_t i) { return byte_tokens_[static_cast<unsigned char>(word[i])]; };
  merges_.merge(static_cast<std::uint32_t>(word.size()), symbol, scratch, [&](std::uint32_t id, std::uint32_t, std::uint32_t) { emit(id, out); });
}

}  // namespace weft
