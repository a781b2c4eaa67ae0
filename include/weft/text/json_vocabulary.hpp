// A tokenizer.json as the plain vocabulary that GGUF files hold, where that can say the same.
#pragma once

#include <string>

#include "weft/core/config.hpp"
#include "weft/text/tokenizer.hpp"
#include "weft/text/vocabulary.hpp"

namespace weft {

/// `json` is the tokenizer that read_tokenizer_json makes of the same file.
///
/// Byte-level BPE becomes "gpt2", with the first pre-tokeniser of those that GGUF has names for under which a text of words, digits,
/// signs and white space becomes the same tokens; BPE with byte fallback becomes "llama", a token's score being the place of its merge.
/// Throws Error(unsupported) naming the file for what neither can express.
Vocabulary vocabulary_of_tokenizer_json(const std::string& path, const Tokenizer& json);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/text/json_vocabulary.ipp"
#endif
