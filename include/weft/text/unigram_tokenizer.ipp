#pragma once

#include <algorithm>
#include <limits>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/utf8.hpp"
#include "weft/text/unigram_tokenizer.hpp"

namespace weft::detail {

WEFT_INLINE UnigramTokenizer::UnigramTokenizer(Vocabulary vocabulary)
    : TokenizerFamily(std::move(vocabulary)), tokens_(vocabulary_, Spelling::space_mark), whole_(vocabulary_, !vocabulary_.sentencepiece), normalizer_(vocabulary_) {
  const auto& v = vocabulary_;
  check_scores(v);
  std::size_t bytes = 0;
  for (const auto& token : v.tokens) bytes += token.size();
  lattice_.reserve(v.tokens.size(), bytes);
  byte_tokens_.fill(-1);
  double least = std::numeric_limits<float>::max(), greatest = -least;
  for (std::size_t i = 0; i < v.tokens.size(); ++i) {
    const TokenType type = v.types.empty() ? TokenType::normal : v.types[i];
    const auto id = static_cast<Token>(i);
    const auto score = static_cast<double>(v.scores[i]);
    if (type == TokenType::normal) {
      least = std::min(least, score);
      greatest = std::max(greatest, score);
    }
    if (type == TokenType::normal || type == TokenType::unused) lattice_.add(v.tokens[i], id, score);
    if (const int byte = type == TokenType::byte ? byte_of_hex_token(v.tokens[i]) : -1; byte >= 0) byte_tokens_[static_cast<std::size_t>(byte)] = id;
  }
  for (std::size_t i = 0; i < v.types.size(); ++i) {
    if (v.types[i] != TokenType::user_defined) continue;
    std::size_t length = 0;  // the library makes sure that a cut through such a token is never better
    for (std::size_t at = 0; at < v.tokens[i].size(); ++length) at += read_unit(v.tokens[i], at).length;
    lattice_.add(v.tokens[i], static_cast<Token>(i), v.sentencepiece ? static_cast<double>(length) * greatest - 0.1 : 0.0);
  }
  constexpr double penalty = 10;
  lattice_.set_unknown(v.unknown.value_or(-1), static_cast<double>(static_cast<float>(least - penalty)));
  byte_fallback_ = v.sentencepiece && std::find(byte_tokens_.begin(), byte_tokens_.end(), -1) == byte_tokens_.end();
}

WEFT_INLINE void UnigramTokenizer::encode(std::string_view text, bool control, std::vector<Token>& out, std::vector<TextRange>* ranges) const {
  if (text.size() >= 0x10000000) fail(ErrorKind::resource, "encode: a text of ", text.size(), " bytes; at most 256 MiB are supported");
  NormalText normal;
  UnigramLattice::Cut cut;
  bool front = true;
  whole_.cut(text, control, [&](std::size_t begin, std::size_t end, Token id) {
    if (id >= 0) {
      out.push_back(id);
      if (ranges) ranges->push_back({begin, end});
    } else {
      normalizer_.apply(text.substr(begin, end - begin), front || !vocabulary_.sentencepiece, ranges != nullptr, normal);
      lattice_.cut(normal.text, [](Token) { return true; }, cut);
      trace(normal, cut, begin, out, ranges);
    }
    front = false;
  });
}

// Walks back from the end. Unknown characters side by side are one token, unless they are written in bytes.
WEFT_INLINE void UnigramTokenizer::trace(const NormalText& normal, const UnigramLattice::Cut& cut, std::size_t offset, std::vector<Token>& out,
                                         std::vector<TextRange>* ranges) const {
  const std::size_t first = out.size(), first_range = ranges ? ranges->size() : 0;
  const auto add = [&](Token id, std::size_t begin, std::size_t end) {
    out.push_back(id);
    if (ranges) ranges->push_back({offset + normal.places[begin].begin, offset + normal.places[end - 1].end});
  };
  bool unknown_after = false;
  for (std::size_t end = normal.text.size(), begin = 0; end > 0; end = begin) {
    const auto node = lattice_.piece(cut, end);
    begin = node.begin;
    const bool unknown = node.id == lattice_.unknown();
    if (unknown && byte_fallback_) {
      for (std::size_t at = end; at-- > node.begin;) add(byte_tokens_[static_cast<unsigned char>(normal.text[at])], node.begin, end);
    } else if (unknown && unknown_after) {
      if (ranges) ranges->back().begin = offset + normal.places[node.begin].begin;
    } else if (node.id >= 0) {
      add(node.id, node.begin, end);
    }
    unknown_after = unknown && node.id >= 0;
  }
  std::reverse(out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
  if (ranges) std::reverse(ranges->begin() + static_cast<std::ptrdiff_t>(first_range), ranges->end());
}

WEFT_INLINE void UnigramTokenizer::decode(Token id, DecodeState& state, InvalidUtf8, std::string& out) const {
  append_without_front_space(bytes(id), vocabulary_.add_space_prefix, state, out);
}

}  // namespace weft::detail
