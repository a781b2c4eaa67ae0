#pragma once

#include "weft/core/error.hpp"
#include "weft/core/utf8.hpp"
#include "weft/text/bpe.hpp"
#include "weft/text/sentence_normalizer.hpp"

namespace weft::detail {

WEFT_INLINE SentenceNormalizer::SentenceNormalizer(const Vocabulary& vocabulary)
    : front_space_(vocabulary.add_space_prefix), merge_spaces_(vocabulary.remove_extra_spaces), sentencepiece_(vocabulary.sentencepiece) {
  if (!vocabulary.charsmap.empty()) charsmap_.emplace(vocabulary.charsmap, "vocabulary");
  for (std::size_t i = 0; i < vocabulary.types.size(); ++i)
    if (vocabulary.types[i] == TokenType::user_defined && !vocabulary.tokens[i].empty()) {
      user_defined_.add(vocabulary.tokens[i], static_cast<Token>(i));
      has_user_defined_ = true;
    }
}

WEFT_INLINE std::pair<std::string_view, std::size_t> SentenceNormalizer::normal_front(std::string_view text) const {
  std::size_t longest = has_user_defined_ ? user_defined_front(text).length : 0;
  if (longest > 0) return {text.substr(0, longest), longest};
  if (charsmap_)
    if (const auto with = charsmap_->find_longest(text, longest)) return {*with, longest};
  const std::size_t length = read_unit(text, 0).length;
  return {text.substr(0, length), length};
}

WEFT_INLINE void SentenceNormalizer::apply(std::string_view part, bool front, bool tracked, NormalText& out) const {
  out.text.clear();
  out.places.clear();
  const auto add = [&](std::string_view text, const TextRange& where) {
    out.text.append(text);
    if (tracked) out.places.resize(out.text.size(), where);
  };
  bool front_needed = front && front_space_, first_word = true, in_word = false;
  // The library puts the space in front of white space too; files of "t5" are read so that it stands before the first word.
  if (sentencepiece_ && front_needed && !merge_spaces_ && !part.empty()) {
    add(space_mark, {});
    front_needed = false;
  }
  for (std::size_t at = 0; at < part.size();) {
    const auto [normal, taken] = normal_front(part.substr(at));
    const TextRange place{at, at + taken};
    for (const char& c : normal) {
      if (c == ' ') {
        in_word = false;
        if (!merge_spaces_) add(space_mark, place);
        continue;
      }
      const bool gap = merge_spaces_ && !(sentencepiece_ && first_word);
      if (!in_word && (front_needed || gap)) {
        add(space_mark, {place.begin, place.begin});
        front_needed = false;
      }
      in_word = true;
      first_word = false;
      add({&c, 1}, place);
    }
    at = place.end;
    if (out.text.size() / 64 > part.size() + 64)
      fail(ErrorKind::resource, "encode: the map of characters makes more than 64 times as many bytes of a text of ", part.size());
  }
  while (sentencepiece_ && merge_spaces_ && out.text.ends_with(space_mark)) {
    out.text.resize(out.text.size() - space_mark.size());
    if (tracked) out.places.resize(out.text.size());
  }
}

}  // namespace weft::detail
