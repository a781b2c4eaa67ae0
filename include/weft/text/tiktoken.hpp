// Reads rank files of OpenAI's tiktoken (`cl100k_base.tiktoken`, Llama 3's original `tokenizer.model`).
// Source: tiktoken 0.12; a line is a token in base 64, a blank and its rank.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/text/tokenizer.hpp"

namespace weft {

/// How words are cut by the encodings of that name: rank files do not say it.
inline constexpr std::string_view cl100k_pattern =
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)";
inline constexpr std::string_view o200k_pattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

struct TiktokenOptions {
  std::string pattern{cl100k_pattern};                 ///< words are its matches, and what lies between them
  std::vector<std::pair<std::string, Token>> special{};  ///< control tokens and their ids
};

/// The tokenizer of a rank file: of two neighbours in a word those merge first whose bytes together have the least rank.
/// Throws Error(file) for a file that cannot be read, Error(format) naming the line for what is no token and rank, for ranks and tokens
/// that occur twice, and for a pattern that is none; Error(unsupported) for ids of 2^20 - 1 and more and tokens of more than 1,024 bytes.
Tokenizer read_tiktoken(const std::string& path, const TiktokenOptions& options = {});

/// The tokenizer of a rank file in a model's folder. Words are cut as the file's name says (r50k_base, p50k_base, o200k_base), and
/// for any other name by cl100k_pattern, as transformers does. Control and other added tokens and the roles are what `tokenizer_config.json`,
/// `special_tokens_map.json` and `added_tokens.json` beside it say. Throws as read_tiktoken, and Error(unsupported) where the configuration
/// names code of the model's own (auto_map): what that does with words no file says.
Tokenizer read_tiktoken_model(const std::string& path);

/// The same from the text of a rank file; where: what errors begin with.
Tokenizer parse_tiktoken(std::string_view ranks, const TiktokenOptions& options = {}, const std::string& where = "ranks");

namespace detail {
/// Whether bytes begin with a line of ranks.
bool is_rank_file(std::string_view bytes);
}  // namespace detail

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/text/tiktoken.ipp"
#endif
