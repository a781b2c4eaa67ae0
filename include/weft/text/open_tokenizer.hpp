// A tokenizer from whatever a model comes with.
#pragma once

#include <string>

#include "weft/core/config.hpp"
#include "weft/text/tokenizer.hpp"

namespace weft {

/// path: a GGUF file (*.gguf), a model of SentencePiece or ranks of tiktoken (*.model: which of the two, its first bytes say), ranks of
/// tiktoken (*.tiktoken, read as by read_tiktoken_model), a tokenizer.json (any other file), or a Hugging Face folder, of whose files the first of
/// these counts: tokenizer.json, tokenizer.model, spiece.model, tiktoken.model, and tiktoken's own names (cl100k_base.tiktoken, ..).
/// Throws as the readers of these files, and Error(file) for a folder with none of them.
Tokenizer open_tokenizer(const std::string& path);

/// Whether a folder (with a slash at its end) has one of the files that open_tokenizer looks for.
bool has_tokenizer(const std::string& folder);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/text/open_tokenizer.ipp"
#endif
