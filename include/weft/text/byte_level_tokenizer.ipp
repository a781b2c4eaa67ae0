#pragma once

#include <utility>

#include "weft/core/error.hpp"
#include "weft/text/byte_level_tokenizer.hpp"

namespace weft::detail {

inline const PreTokenizerFamily& pre_tokenizer_of(const Vocabulary& vocabulary) {
  const auto* family = find_pre_tokenizer(vocabulary.pre);
  if (family == nullptr)
    fail(ErrorKind::unsupported, "tokenizer: unknown pre-tokeniser '", vocabulary.pre, "'; supported: ", pre_tokenizer_names());
  return *family;
}

WEFT_INLINE ByteLevelTokenizer::ByteLevelTokenizer(Vocabulary vocabulary)
    : TokenizerFamily(std::move(vocabulary)), words_(pre_tokenizer_of(vocabulary_).patterns),
      bpe_(vocabulary_, pre_tokenizer_of(vocabulary_).whole_words), whole_(vocabulary_) {}

WEFT_INLINE void ByteLevelTokenizer::encode(std::string_view text, bool control, std::vector<Token>& out, std::vector<TextRange>* ranges) const {
  out.reserve(out.size() + text.size() / 4 + 4);
  PieceScanner scanner(words_);
  BpeScratch scratch;
  whole_.cut(text, control, [&](std::size_t begin, std::size_t end, Token id) {
    if (id >= 0) {
      out.push_back(id);
      if (ranges) ranges->push_back({begin, end});
      return;
    }
    scanner.reset(text.substr(begin, end - begin));
    for (std::string_view piece; scanner.next(piece);) {
      const std::size_t before = out.size();
      bpe_.encode(piece, out, scratch);
      if (ranges) bpe_.append_ranges(piece, static_cast<std::size_t>(piece.data() - text.data()), std::span(out).subspan(before), *ranges);
    }
  });
}

}  // namespace weft::detail
