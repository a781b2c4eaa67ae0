// The added tokens of a tokenizer.json and how texts are cut at them. Not API.
// Source: Hugging Face's tokenizers (leftmost match first, of those the longest).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weft/core/char_set.hpp"
#include "weft/core/config.hpp"
#include "weft/core/token.hpp"
#include "weft/text/added_tokens.hpp"

namespace weft::detail {

struct AddedToken {
  Token id = -1;
  std::string content{};
  bool single_word = false;  ///< not inside a longer word
  bool lstrip = false;       ///< takes the white space before it
  bool rstrip = false;       ///< and after it
  bool normalized = true;    ///< found in the normalised text, itself normalised
  bool special = false;
};

/// A set of them that is looked for in one kind of text.
class AddedVocabulary {
 public:
  struct Found {
    std::size_t begin, end;
    Token id;
  };

  AddedVocabulary() = default;
  /// texts: as they are to be found, one for each token.
  AddedVocabulary(const std::vector<AddedToken>& tokens, const std::vector<std::string>& texts);

  /// From left to right; they overlap where a token of white space stands behind one that takes it (rstrip), as in Hugging Face's library.
  /// special: whether special tokens are found; what they cover is passed over even if not.
  [[nodiscard]] std::vector<Found> find(std::string_view text, bool special) const;

 private:
  struct Flags {
    Token id;
    bool single_word, lstrip, rstrip, special;
  };

  AddedTokens texts_{};
  std::vector<Flags> flags_{};
  CharSet word_{};
};

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/text/added_vocabulary.ipp"
#endif
