// Reads the vocabulary out of a GGUF file's metadata.
// Source: the GGUF specification, "Tokenizer"; defaults as llama.cpp has them.
#pragma once

#include "weft/core/config.hpp"
#include "weft/text/vocabulary.hpp"

namespace weft {

class Gguf;

/// The vocabulary under `tokenizer.ggml.*`. Every id is below tokens.size() and types are as many as tokens.
///
/// add_bos: `tokenizer.ggml.add_bos_token`, and without it what the pre-tokeniser's family does (llama-bpe: true).
/// end_tokens: the ids of eos, eot and eom, and the control tokens whose text is a well-known mark of an end (<|im_end|>,
/// <|eot_id|>, <|endoftext|>, ...): files often name only one of several. Such a mark typed
/// as a normal or user-defined token is made control (as in llama.cpp). <|end|> is none of them where <|return|> and
/// <|call|> exist, for there it only ends a message (OpenAI's harmony format).
/// An id of padding or of the unknown token outside the vocabulary is left out: files in the wild have them, nothing reads them.
/// Throws Error(format) naming file and key for what is missing or wrong, Error(unsupported) for models that
/// Vocabulary::model does not list and for unknown pre-tokenisers.
Vocabulary read_vocabulary(const Gguf& file);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/text/gguf_vocabulary.ipp"
#endif
