#pragma once

#include <array>
#include <optional>
#include <string_view>

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

inline constexpr std::array<std::string_view, 8> tokenizer_files{
    "tokenizer.json",       "tokenizer.model",     "spiece.model",       "tiktoken.model",
    "cl100k_base.tiktoken", "o200k_base.tiktoken", "p50k_base.tiktoken", "r50k_base.tiktoken"};

/// folder: with a slash at its end.
inline std::optional<std::string> find_tokenizer_file(const std::string& folder) {
  for (const auto name : tokenizer_files)
    if (std::string path = folder + std::string(name); file_exists(path)) return path;
  return std::nullopt;
}

[[noreturn]] inline void fail_without_tokenizer(const std::string& folder) {
  std::string expected;
  for (const auto name : tokenizer_files)
    expected.append(expected.empty() ? "" : name == tokenizer_files.back() ? " or " : ", ").append(name);
  for (const auto name : {"vocab.json", "vocab.txt", "tekken.json", "sentencepiece.bpe.model"})
    if (file_exists(folder + name))
      fail(ErrorKind::file, folder, ": the folder has no tokenizer that this build can read, only ", name,
           ", which leaves to code how texts are cut; expected ", expected,
           ". transformers makes the first: AutoTokenizer.from_pretrained(folder).save_pretrained(folder)");
  fail(ErrorKind::file, folder, ": the folder has no tokenizer; expected ", expected);
}

/// SentencePiece's models and ranks of tiktoken go by the same names.
inline Tokenizer open_model_of_tokens(const std::string& path) {
  const auto file = MappedFile::open(path);
  const auto bytes = file->bytes();
  return is_rank_file({reinterpret_cast<const char*>(bytes.data()), bytes.size()}) ? read_tiktoken_model(path)
                                                                                   : read_sentencepiece_model(path);
}

}  // namespace detail

WEFT_INLINE bool has_tokenizer(const std::string& folder) { return detail::find_tokenizer_file(folder).has_value(); }

WEFT_INLINE Tokenizer open_tokenizer(const std::string& path) {
  if (is_folder(path)) {
    const std::string folder = path.ends_with('/') ? path : path + "/";
    const auto file = detail::find_tokenizer_file(folder);
    if (!file) detail::fail_without_tokenizer(folder);
    return open_tokenizer(*file);
  }
  if (path.ends_with(".gguf")) return Tokenizer(read_vocabulary(Gguf::open(path)));
  if (path.ends_with(".model")) return detail::open_model_of_tokens(path);
  if (path.ends_with(".tiktoken")) return read_tiktoken_model(path);
  return read_tokenizer_json(path);
}

}  // namespace weft
