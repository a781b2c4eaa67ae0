// Reads the chat templates out of a GGUF file's metadata.
// Source: the GGUF specification, `tokenizer.chat_template`; named ones as llama.cpp's converter writes them.
#pragma once

#include <string>
#include <vector>

#include "weft/core/config.hpp"

namespace weft {

class Gguf;

/// A chat template as a file holds it.
struct NamedTemplate {
  std::string name{};    ///< empty: the default one; others are made for a purpose ("tool_use", "rag")
  std::string source{};
};

/// `tokenizer.chat_template` and every `tokenizer.chat_template.<name>`, in the order of the file. They are not parsed yet.
/// Throws Error(format) naming file and key for a value that is no text.
std::vector<NamedTemplate> read_chat_templates(const Gguf& file);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/text/gguf_chat_template.ipp"
#endif
