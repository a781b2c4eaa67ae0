// A model file opened and understood, before any weight is packed: the spec, the tensors, the vocabulary, the end tokens.
#pragma once

#include <optional>
#include <stop_token>
#include <string_view>
#include <vector>

#include "weft/core/token.hpp"
#include "weft/io/raw_tensor.hpp"
#include "weft/model/spec.hpp"
#include "weft/model/tensor_names.hpp"
#include "weft/text/chat_template_source.hpp"
#include "weft/text/tokenizer.hpp"
#include "weft/text/vocabulary.hpp"

namespace weft {

struct ModelFile {
  Checkpoint tensors;
  ModelSpec spec;
  NameScheme names;
  std::string_view gguf_architecture;     ///< the architecture as GGUF calls it
  std::vector<std::string_view> ignored;  ///< ends of tensor names that may stay unread
  bool tied_head = false;                 ///< the head is the embedding
  std::optional<Vocabulary> vocabulary;   ///< of a GGUF file
  std::optional<Tokenizer> tokenizer;     ///< of a Hugging Face folder with a tokenizer.json
  std::vector<NamedTemplate> chat_templates;  ///< as the file has them
  std::vector<Token> end_tokens;          ///< generation ends at each of these
};

/// Opens a GGUF file or a Hugging Face folder (config.json and safetensors), and checks all that can be checked without
/// reading weights. Throws Error(file, format, unsupported, shape) naming the file and the key or tensor, Error(cancelled).
ModelFile open_model_file(const std::string& path, std::stop_token stop = {});

/// Throws Error(cancelled) once `stop` asks for it; between all parts of loading that take milliseconds.
void check_loading(const std::stop_token& stop, std::string_view source);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/model/model_file.ipp"
#endif
