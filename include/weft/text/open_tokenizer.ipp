#pragma once

#include <optional>

#include "weft/core/error.hpp"
#include "weft/core/mapped_file.hpp"
#include "weft/io/gguf.hpp"
#include "weft/text/gguf_vocabulary.hpp"
#include "weft/text/open_tokenizer.hpp"
#include "weft/text/sentencepiece_model.hpp"
#include "weft/text/tiktoken.hpp"
#include "weft/text/tokenizer_json.hpp"

namespace weft {
namespace detail {

inline std::optional<std::string> find_tokenizer_file(const std::string& folder) {
  for (const auto name : {"tokenizer.json", "tokenizer.model", "spiece.model"})
    if (file_exists(folder + name)) return folder + name;
  return std::nullopt;
}

}  // namespace detail

WEFT_INLINE bool has_tokenizer(const std::string& folder) { return detail::find_tokenizer_file(folder).has_value(); }

WEFT_INLINE Tokenizer open_tokenizer(const std::string& path) {
  if (is_folder(path)) {
    const auto file = detail::find_tokenizer_file(path.ends_with('/') ? path : path + "/");
    if (!file) fail(ErrorKind::file, path, ": the folder has no tokenizer; expected tokenizer.json, tokenizer.model or spiece.model");
    return open_tokenizer(*file);
  }
  if (path.ends_with(".gguf")) return Tokenizer(read_vocabulary(Gguf::open(path)));
  if (path.ends_with(".model")) return read_sentencepiece_model(path);
  if (path.ends_with(".tiktoken")) return read_tiktoken(path);
  return read_tokenizer_json(path);
}

}  // namespace weft
