// Reads Hugging Face's tokenizer.json.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/text/tokenizer.hpp"

namespace weft {

/// The tokenizer that a tokenizer.json describes, with the roles of tokens (BOS, EOS, padding) that `tokenizer_config.json` and
/// `special_tokens_map.json` beside it name. path: the file, or a folder that holds it.
///
/// Every component of the `tokenizers` library is understood: normalizer, pre_tokenizer, model (BPE, Unigram, WordPiece, WordLevel),
/// post_processor, decoder, added tokens. truncation and padding are left to the caller. encode_prompt adds what the post-processor
/// adds; encode finds added tokens but never a special one, as the library does with encode_special_tokens.
/// Throws Error(file) for a file that cannot be read, Error(format) naming the place of what is broken, Error(unsupported) naming
/// the component or the member that is not known; dropout is refused, for it is random.
Tokenizer read_tokenizer_json(const std::string& path);

/// The same from the text of a tokenizer.json; where: what errors begin with.
Tokenizer parse_tokenizer_json(std::string_view json, const std::string& where = "tokenizer.json");

namespace detail {
/// The merges of a tokenizer.json in their order; throws as read_tokenizer_json.
std::vector<std::pair<std::string, std::string>> read_json_merges(const std::string& file);
}  // namespace detail

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/text/tokenizer_json.ipp"
#endif
