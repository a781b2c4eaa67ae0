// What the files beside a tokenizer say of its tokens. Not API.
// Source: Hugging Face's transformers (tokenizer_config.json, special_tokens_map.json).
#pragma once

#include <optional>
#include <string>

#include "weft/core/config.hpp"

namespace weft::detail {

struct TokenizerRoles {
  std::optional<std::string> bos{}, eos{}, unknown{}, pad{};  ///< texts of tokens
  std::optional<bool> add_bos{}, add_eos{};                   ///< whether prompts begin and end with them
};

/// folder: with a slash at its end, or empty. Files that are not there say nothing. Throws Error(format) for what is no JSON.
TokenizerRoles read_tokenizer_roles(const std::string& folder);

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/text/tokenizer_roles.ipp"
#endif
