#pragma once

#include <algorithm>
#include <utility>

#include "weft/core/unicode.hpp"
#include "weft/core/utf8.hpp"
#include "weft/text/added_vocabulary.hpp"

namespace weft::detail {

WEFT_INLINE AddedVocabulary::AddedVocabulary(const std::vector<AddedToken>& tokens, const std::vector<std::string>& texts) : word_(CharSet::word()) {
  std::vector<std::pair<std::string_view, Token>> entries;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto& t = tokens[i];
    entries.emplace_back(texts[i], static_cast<Token>(i));
    flags_.push_back({t.id, t.single_word, t.lstrip, t.rstrip, t.special});
  }
  texts_ = AddedTokens(entries);
}

// Where the unit before `at` begins.
inline std::size_t unit_before(std::string_view text, std::size_t at) noexcept {
  std::size_t back = 1;
  while (back < 4 && back < at && (static_cast<unsigned char>(text[at - back]) & 0xC0) == 0x80) ++back;
  return read_unit(text, at - back).length == back ? at - back : at - 1;
}

WEFT_INLINE std::vector<AddedVocabulary::Found> AddedVocabulary::find(std::string_view text, bool special) const {
  std::vector<Found> out;
  std::size_t done = 0, taken = 0;  // taken: where the white space ends that a token took
  for (const auto& match : texts_.find_leftmost(text)) {
    const Flags& flags = flags_[static_cast<std::size_t>(match.id)];
    if (flags.special && !special) continue;
    std::size_t begin = match.begin, end = match.begin + match.length;
    if (flags.single_word) {
      const bool word_before = begin > 0 && word_.contains(read_unit(text, unit_before(text, begin)).code);
      const bool word_after = end < text.size() && word_.contains(read_unit(text, end).code);
      if (word_before || word_after) continue;
    }
    if (flags.lstrip) {
      while (begin > done) {
        const std::size_t before = unit_before(text, begin);
        if (before < done || !is_white_space(read_unit(text, before).code)) break;
        begin = before;
      }
      begin = std::max(begin, done);
    }
    if (flags.rstrip) {
      if (end < taken) end = taken;  // in white space that was walked before: only once, however many tokens are in it
      while (end < text.size() && is_white_space(read_unit(text, end).code)) end += read_unit(text, end).length;
      taken = end;
    }
    // What begins with white space that the token before took is found nevertheless, and takes it again (but for lstrip).
    out.push_back({std::min(begin, end), end, flags.id});
    done = end;
  }
  return out;
}

}  // namespace weft::detail
