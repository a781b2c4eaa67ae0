#pragma once

#include <utility>

#include "weft/text/byte_level_tokenizer.hpp"
#include "weft/text/word_cache.hpp"

namespace weft::detail {

WEFT_INLINE ByteLevelTokenizer::ByteLevelTokenizer(Vocabulary vocabulary, const PreTokenizerFamily& family)
    : TokenizerFamily(std::move(vocabulary)), dna_(vocabulary_), words_(family.patterns), bpe_(vocabulary_, family.whole_words), whole_(vocabulary_) {}

WEFT_INLINE void ByteLevelTokenizer::encode(std::string_view text, bool control, std::vector<Token>& out, std::vector<TextRange>* ranges) const {
  out.reserve(out.size() + text.size() / 4 + 4);
  PieceScanner scanner(words_);
  BpeScratch scratch;
  WordCache known(ranges ? 0 : text.size());
  const auto add = [&](Token id, std::size_t begin, std::size_t end) {
    out.push_back(id);
    if (ranges) ranges->push_back({begin, end});
  };
  const auto encode_words = [&](std::size_t begin, std::size_t end) {
    scanner.reset(text.substr(begin, end - begin));
    for (std::string_view piece; scanner.next(piece);) {
      const std::size_t before = out.size();
      known.append(text.data(), piece, out, [&] { bpe_.encode(piece, out, scratch); });
      if (ranges) bpe_.append_ranges(piece, static_cast<std::size_t>(piece.data() - text.data()), std::span(out).subspan(before), *ranges);
    }
  };
  whole_.cut(text, control, [&](std::size_t begin, std::size_t end, Token id) {
    if (id >= 0)
      add(id, begin, end);
    else if (dna_.usable())
      dna_.cut(text.substr(begin, end - begin), [&](std::size_t from, std::size_t to) { encode_words(begin + from, begin + to); },
               [&](Token token, std::size_t from, std::size_t to) { add(token, begin + from, begin + to); });
    else
      encode_words(begin, end);
  });
}

}  // namespace weft::detail
