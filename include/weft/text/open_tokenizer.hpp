// A tokenizer from whatever a model comes with.
#pragma once

#include <string>

#include "weft/core/config.hpp"
#include "weft/text/tokenizer.hpp"

namespace weft {

/// path: a GGUF file (*.gguf), a model of SentencePiece (*.model), a rank file of tiktoken (*.tiktoken, with cl100k_pattern and without
/// control tokens), a tokenizer.json (any other file), or a Hugging Face folder with tokenizer.json, tokenizer.model or spiece.model, of
/// which the first counts. Throws as the readers of these files, and Error(file) for a folder with none of them.
Tokenizer open_tokenizer(const std::string& path);

/// Whether a folder (with a slash at its end) has one of the files that open_tokenizer looks for.
bool has_tokenizer(const std::string& folder);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/text/open_tokenizer.ipp"
#endif
