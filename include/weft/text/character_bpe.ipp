#pragma once

#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/unicode.hpp"
#include "weft/core/utf8.hpp"
#include "weft/text/character_bpe.hpp"

namespace weft::detail {

inline Spelling spelling_of(WordAlphabet alphabet) noexcept { return alphabet == WordAlphabet::space_mark ? Spelling::space_mark : Spelling::plain; }

WEFT_INLINE CharacterBpe::CharacterBpe(Vocabulary vocabulary, const PreTokenizerFamily& family)
    : TokenizerFamily(std::move(vocabulary)), words_(family.patterns), tokens_(vocabulary_, spelling_of(family.alphabet)), merges_(vocabulary_, tokens_),
      whole_(vocabulary_), whole_words_(family.whole_words), whole_lines_(family.whole_lines), words_only_(vocabulary_.model == "whitespace") {
  byte_tokens_.fill(-1);
  for (std::size_t i = 0; i < vocabulary_.tokens.size(); ++i)
    if (const int byte = byte_of_hex_token(vocabulary_.tokens[i]); byte >= 0) byte_tokens_[static_cast<std::size_t>(byte)] = static_cast<Token>(i);
  // Symbols are characters: those that stand side by side in a token may join.
  std::size_t bytes = 0;
  for (const auto& token : vocabulary_.tokens) bytes += token.size();
  PairFilter joins(bytes);
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    const std::string_view text = tokens_.bytes(static_cast<Token>(i));
    std::uint32_t last = missing;
    for (std::size_t at = 0; at < text.size();) {
      const std::uint32_t length = read_unit(text, at).length;
      const auto id = static_cast<std::uint32_t>(tokens_.find(text.substr(at, length)));
      if (at > 0) joins.add(last, id);
      last = id;
      at += length;
    }
  }
  merges_.set_joins(std::move(joins));
}

WEFT_INLINE void CharacterBpe::encode(std::string_view text, bool control, std::vector<Token>& out, std::vector<TextRange>* ranges) const {
  if (text.size() >= 0xFFFFFFF0 / 3) fail(ErrorKind::resource, "encode: a text of ", text.size(), " bytes; about 1.3 GiB are supported");
  out.reserve(out.size() + text.size() / 4 + 4);
  PieceScanner scanner(words_);
  Call call;
  whole_.cut(text, control, [&](std::size_t begin, std::size_t end, Token id) {
    if (id >= 0) {
      out.push_back(id);
      if (ranges) ranges->push_back({begin, end});
      return;
    }
    read_part(text.substr(begin, end - begin), call);
    const std::string& part = call.spaced.text;
    scanner.reset(part);
    for (std::string_view piece; scanner.next(piece);) {
      const auto at = static_cast<std::size_t>(piece.data() - part.data());
      if (words_only_ && is_white_space(read_unit(piece, 0).code)) continue;
      encode_word(at, at + piece.size(), call, out, ranges, begin);
    }
  });
}

WEFT_INLINE void CharacterBpe::read_part(std::string_view part, Call& call) const {
  if (tokens_.spelling() == Spelling::space_mark) return call.spaced.append(part, false, true);
  auto& [text, origin] = call.spaced;
  text.clear();
  origin.clear();
  for (std::size_t at = 0; at < part.size();) {
    const auto unit = read_unit(part, at);
    append_unit(text, words_only_ && vocabulary_.lowercase && unit.code < raw_byte ? lower_case(unit.code) : unit.code);
    origin.resize(text.size(), static_cast<std::uint32_t>(at));
    at += unit.length;
  }
  origin.push_back(static_cast<std::uint32_t>(part.size()));
}

WEFT_INLINE void CharacterBpe::encode_word(std::size_t begin, std::size_t end, Call& call, std::vector<Token>& out, std::vector<TextRange>* ranges,
                                           std::size_t offset) const {
  const std::string_view text = call.spaced.text;
  const std::string_view word = text.substr(begin, end - begin);
  const auto add = [&](Token id, std::size_t from, std::size_t to) {
    out.push_back(id);
    if (ranges) ranges->push_back(call.spaced.range(from, to, offset));
  };
  if (whole_words_ || (whole_lines_ && word.find_first_not_of('\n') == std::string_view::npos))
    if (const Token id = tokens_.find(word); id >= 0) return add(id, begin, end);
  call.symbols.clear();
  call.begins.clear();
  for (std::size_t at = begin; at < end;) {
    const std::uint32_t length = read_unit(text, at).length;
    const Token id = tokens_.find(text.substr(at, length));
    call.symbols.push_back(id < 0 ? missing : static_cast<std::uint32_t>(id));
    call.begins.push_back(static_cast<std::uint32_t>(at));
    at += length;
  }
  call.begins.push_back(static_cast<std::uint32_t>(end));
  const auto add_piece = [&](std::uint32_t id, std::uint32_t first, std::uint32_t last) {
    const std::size_t from = call.begins[first], to = call.begins[last];
    if (id != missing) return add(static_cast<Token>(id), from, to);
    const std::string_view symbol = text.substr(from, to - from);
    for (const char c : symbol == " " && tokens_.spelling() == Spelling::space_mark ? space_mark : symbol)
      if (const Token byte = byte_tokens_[static_cast<unsigned char>(c)]; byte >= 0) add(byte, from, to);
  };
  merges_.merge(static_cast<std::uint32_t>(call.symbols.size()), [&](std::uint32_t i) { return call.symbols[i]; }, call.merging, add_piece);
}

}  // namespace weft::detail
