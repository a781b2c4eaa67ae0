// The chat templates that come with a model: in a GGUF file's metadata, or beside the weights in a Hugging Face folder.
// Source: the GGUF specification, `tokenizer.chat_template`; named ones as llama.cpp's converter writes them. Folders: transformers,
// "Chat templates" (`chat_template.jinja`, `additional_chat_templates`, `tokenizer_config.json`).
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

/// Of a folder: `chat_template.jinja` with every `additional_chat_templates/<name>.jinja`; where there is none, `chat_template` of
/// `tokenizer_config.json`, a text or a list of names and texts, of which "default" is the default one. Sorted by name.
/// Throws Error(file), and Error(format) naming the file for what is none of these.
std::vector<NamedTemplate> read_chat_templates(const std::string& folder);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/text/chat_template_source.ipp"
#endif
