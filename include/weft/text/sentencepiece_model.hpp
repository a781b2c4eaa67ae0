// Reads the model files of the SentencePiece library (`tokenizer.model`, `spiece.model`).
// Source: sentencepiece_model.proto of SentencePiece 0.2.
#pragma once

#include <string>
#include <string_view>

#include "weft/core/config.hpp"
#include "weft/text/tokenizer.hpp"
#include "weft/text/vocabulary.hpp"

namespace weft {

/// The vocabulary of a model of BPE ("llama") or Unigram ("t5"), with its map of characters and its rules for white space; no BOS or EOS
/// is added to prompts. Throws Error(format) for what is no such file, Error(unsupported) for models of words or characters and for rules
/// that this build does not know, each by name.
Vocabulary parse_sentencepiece_model(std::string_view bytes, const std::string& where = "tokenizer.model");

/// The tokenizer of such a file. What `tokenizer_config.json` and `special_tokens_map.json` beside it say of BOS, EOS, padding and the
/// unknown token counts; where they do not say what is put around prompts, BPE has BOS in front and Unigram EOS at the end, as Llama and
/// T5 do. Throws Error(file) for a file that cannot be read, and as parse_sentencepiece_model.
Tokenizer read_sentencepiece_model(const std::string& path);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/text/sentencepiece_model.ipp"
#endif
