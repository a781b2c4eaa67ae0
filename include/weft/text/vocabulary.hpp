// What a tokenizer is made of, however it was stored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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

namespace detail {
/// For messages.
inline constexpr std::string_view vocabulary_models =
    "gpt2 and hybriddna (byte-level BPE), gemma4 and whitespace (BPE over characters), llama (SentencePiece BPE), t5 (Unigram), bert (WordPiece), rwkv, plamo2";
}  // namespace detail

/// A vocabulary as data. Tokenizer checks it, so it may be filled in by hand.
struct Vocabulary {
  /// As in `tokenizer.ggml.model`. "gpt2": byte-level BPE, "hybriddna": with sequences of bases; "gemma4" and "whitespace": BPE over characters; "llama": SentencePiece BPE;
  /// "t5": Unigram; "bert": WordPiece; "rwkv": the longest token of a trie; "plamo2": the cheapest cut
  std::string model{};
  std::string pre{};                  ///< of "gpt2" and "whitespace", name of the pre-tokeniser, as in `tokenizer.ggml.pre`
  std::string pattern{};  ///< of "gpt2", where it is not empty in place of `pre`: words are the matches of this expression and what lies between
  bool merge_by_id = false;  ///< of "gpt2", in place of merges: neighbours merge first whose bytes together are the token of the least id
  /// [vocab], text of each id; normal tokens of "gpt2" in GPT-2's alphabet of printable characters for bytes, of "llama", "gemma4" and
  /// "t5" with U+2581 for spaces, of "bert" with U+2581 where a word begins, of "rwkv" with escapes as in Python's bytes
  std::vector<std::string> tokens{};
  std::vector<TokenType> types{};     ///< [vocab]; empty: all normal
  std::vector<std::string> merges{};  ///< of BPE: "left right", most preferred first
  std::vector<float> scores{};        ///< [vocab], of "llama": the token of the highest score is made first; of "t5", "plamo2": log-likelihoods
  bool add_space_prefix = true;     ///< of "llama", "t5": a text, and what follows an added token, is read with a space in front
  bool remove_extra_spaces = false;             ///< of "t5", "llama": of several spaces one remains, at the ends none
  bool lowercase = true, strip_accents = true;  ///< of "bert", "whitespace" (lowercase alone)
  std::string charsmap{};                         ///< of "t5", "llama": SentencePiece's compiled map of characters, or empty
  /// Of "llama", "t5": read as the SentencePiece library does where llama.cpp does it otherwise: the space in front stands once, at the
  /// front of the text, and characters that "t5" lacks are written in bytes if the vocabulary has all of them
  bool sentencepiece = false;
  std::vector<Token> strip_left{}, strip_right{};  ///< these take the white space before or after them with them
  std::optional<Token> bos{}, eos{}, eot{}, eom{}, unknown{}, pad{};  ///< of "bert", bos is [CLS] and eos [SEP]
  bool add_bos = false, add_eos = false;  ///< what encode_prompt adds
  std::vector<Token> end_tokens{};          ///< generation ends at any of them; sorted
};

}  // namespace weft
