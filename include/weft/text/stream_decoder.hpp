// Tokens to text as they come: never part of a character.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "weft/core/token.hpp"
#include "weft/core/utf8.hpp"
#include "weft/text/tokenizer.hpp"
#include "weft/text/tokenizer_family.hpp"

namespace weft {

/// Decodes token by token. What comes out, put together, is Tokenizer::decode of all tokens; each part is whole characters.
///
/// A copyable value: a fork of a sequence copies it. Control tokens give nothing. Allocates nothing once its buffer has
/// grown to the longest token.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, InvalidUtf8 invalid = InvalidUtf8::replace)
      : tokenizer_(tokenizer), invalid_(invalid) {}

  /// The text that is certain now; valid until the next call. Bytes that may yet become a character are held back (at most
  /// three), and what a tokenizer.json's decoders can only say later. Throws Error(argument) for an id outside the vocabulary, and
  /// stays as it was.
  std::string_view push(Token id);

  /// What was held back: no further token will complete it. The decoder is then as new.
  std::string_view finish();

 private:
  std::string_view take(bool more);
  std::size_t keep(bool more);

  Tokenizer tokenizer_;
  InvalidUtf8 invalid_;
  detail::DecodeState state_{};
  std::string pending_;
  std::string out_;
};

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/text/stream_decoder.ipp"
#endif
