// What a tokenizer is made of, however it was stored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "weft/core/token.hpp"

namespace weft {

/// Kinds of tokens; the numbers are GGUF's.
enum class TokenType : std::uint8_t {
  normal = 1,
  unknown = 2,       ///< stands for what the vocabulary cannot express
  control = 3,       ///< steers the model: begin, end, roles; text that a user typed never becomes one unless asked
  user_defined = 4,  ///< added text: always recognised as a whole
  unused = 5,
  byte = 6           ///< written <0xNN>, stands for that byte
};

/// A vocabulary as data. Tokenizer checks it, so it may be filled in by hand.
struct Vocabulary {
  std::string model;                ///< "gpt2": byte-level BPE; "llama": SentencePiece BPE
  std::string pre;                  ///< of "gpt2", name of the pre-tokeniser, as in `tokenizer.ggml.pre`
  /// [vocab], text of each id; normal tokens of "gpt2" in GPT-2's alphabet of printable characters for bytes, of "llama" with U+2581
  /// for spaces
  std::vector<std::string> tokens;
  std::vector<TokenType> types;     ///< [vocab]; empty: all normal
  std::vector<std::string> merges;  ///< of "gpt2": "left right", most preferred first
  std::vector<float> scores;        ///< [vocab], of "llama": the token of the highest score is made first
  bool add_space_prefix = true;     ///< of "llama": a text, and what follows an added token, is read with a space in front
  std::vector<Token> strip_right;   ///< these take the white space after them with them
  std::optional<Token> bos, eos, eot, eom, unknown, pad;
  bool add_bos = false, add_eos = false;  ///< what encode_prompt adds
  std::vector<Token> end_tokens;          ///< generation ends at any of them; sorted
};

}  // namespace weft
