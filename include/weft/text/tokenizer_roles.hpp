// What the files beside a tokenizer say of its tokens. Not API.
// Source: Hugging Face's transformers (tokenizer_config.json, special_tokens_map.json, added_tokens.json).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/text/added_vocabulary.hpp"
#include "weft/text/vocabulary.hpp"

namespace weft::detail {

struct TokenizerRoles {
  std::optional<std::string> bos{}, eos{}, unknown{}, pad{};  ///< texts of tokens
  std::optional<bool> add_bos{}, add_eos{};                   ///< whether prompts begin and end with them
  bool own_code = false;                                       ///< the tokenizer is code that came with the model
  std::vector<AddedToken> added{};                             ///< tokens that the vocabulary's own file may lack
};

/// folder: with a slash at its end, or empty. Files that are not there say nothing. Throws Error(format) for what is no JSON, and for
/// added tokens that are none.
TokenizerRoles read_tokenizer_roles(const std::string& folder);

/// Gives a vocabulary its added tokens, at their ids, and the tokens of the roles; what the roles leave open stays. where: what errors
/// begin with. Throws Error(format) for an added token whose id is another token's, Error(unsupported) for ids beyond MergeTable::max_tokens
/// and for tokens that count only between words (single_word), which no vocabulary can say.
void take_roles(Vocabulary& vocabulary, const TokenizerRoles& roles, const std::string& where);

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/text/tokenizer_roles.ipp"
#endif
