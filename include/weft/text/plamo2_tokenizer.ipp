#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/utf8.hpp"
#include "weft/text/plamo2_tokenizer.hpp"

namespace weft::detail {

WEFT_INLINE Plamo2Tokenizer::Plamo2Tokenizer(Vocabulary vocabulary)
    : TokenizerFamily(std::move(vocabulary)), tokens_(vocabulary_, Spelling::plain), whole_(vocabulary_), gains_(vocabulary_.tokens.size()) {
  check_scores(vocabulary_);
  byte_tokens_.fill(-1);
  constexpr double scale = 1e4, least = -2e7;  // what costs more is never used
  for (std::size_t i = 0; i < vocabulary_.tokens.size(); ++i) {
    const auto id = static_cast<Token>(i);
    if (!vocabulary_.types.empty() && vocabulary_.types[i] == TokenType::byte) {
      if (const int byte = byte_of_hex_token(vocabulary_.tokens[i]); byte >= 0) byte_tokens_[static_cast<std::size_t>(byte)] = id;
      continue;
    }
    const double gain = std::round(static_cast<double>(vocabulary_.scores[i]) * scale);
    if (is_control(id) || !std::isfinite(gain) || gain <= least || gain >= 2147483647.0) continue;
    gains_[i] = static_cast<std::int64_t>(gain);
    trie_.add(vocabulary_.tokens[i], id);
    longest_ = std::max(longest_, vocabulary_.tokens[i].size());
  }
  for (std::size_t byte = 0; byte < byte_tokens_.size(); ++byte)
    if (byte_tokens_[byte] < 0) fail(ErrorKind::format, "vocabulary: the byte ", byte, " has no token; PLaMo 2 needs one for each, written <0xNN>");
}

WEFT_INLINE void Plamo2Tokenizer::find_cut(std::string_view part, Cut& cut) const {
  constexpr std::int64_t in_bytes = 10'000'000;
  auto& [first, lengths, costs] = cut;
  lengths.assign(part.size(), 0);
  for (std::size_t at = 0; at < part.size(); at += lengths[at]) lengths[at] = static_cast<std::uint8_t>(read_unit(part, at).length);
  first.resize(part.size());
  costs.assign(std::bit_ceil(std::min(longest_, part.size()) + 1), 0);
  const auto cost_from = [&, last = costs.size() - 1](std::size_t at) -> std::int64_t& { return cut.costs[at & last]; };
  for (std::size_t begin = part.size(); begin-- > 0;) {
    if (lengths[begin] == 0) continue;
    std::int64_t least = cost_from(begin + lengths[begin]) + in_bytes;
    first[begin] = -1;
    std::uint32_t at = ByteTrie::root;
    for (std::size_t end = begin; end < part.size();) {
      at = trie_.child(at, static_cast<unsigned char>(part[end++]));
      if (at == ByteTrie::none) break;
      const Token id = trie_.id(at);
      if (id < 0 || (end < part.size() && lengths[end] == 0)) continue;
      const std::int64_t cost = cost_from(end) - gains_[static_cast<std::size_t>(id)];
      if (cost > least) continue;
      least = cost;
      first[begin] = id;
    }
    cost_from(begin) = least;
  }
}

WEFT_INLINE void Plamo2Tokenizer::encode(std::string_view text, bool control, std::vector<Token>& out, std::vector<TextRange>* ranges) const {
  if (text.size() >= 0x10000000) fail(ErrorKind::resource, "encode: a text of ", text.size(), " bytes; at most 256 MiB are supported");
  out.reserve(out.size() + text.size() / 4 + 4);
  Cut cut;
  const auto add = [&](Token id, std::size_t begin, std::size_t end) {
    out.push_back(id);
    if (ranges) ranges->push_back({begin, end});
  };
  whole_.cut(text, control, [&](std::size_t begin, std::size_t end, Token token) {
    if (token >= 0) return add(token, begin, end);
    constexpr std::string_view byte_order_mark = "\uFEFF";
    if (text.substr(begin, end - begin).starts_with(byte_order_mark)) begin += byte_order_mark.size();
    const std::string_view part = text.substr(begin, end - begin);
    find_cut(part, cut);
    for (std::size_t at = 0; at < part.size();) {
      const Token id = cut.first[at];
      const std::size_t length = id >= 0 ? vocabulary_.tokens[static_cast<std::size_t>(id)].size() : cut.lengths[at], from = begin + at;
      at += length;
      if (id >= 0)
        add(id, from, from + length);
      else
        for (const char c : part.substr(at - length, length)) add(byte_tokens_[static_cast<unsigned char>(c)], from, from + length);
    }
  });
}

}  // namespace weft::detail
