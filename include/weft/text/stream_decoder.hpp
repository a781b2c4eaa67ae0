// Tokens to text as they come: never part of a character.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "weft/core/token.hpp"
#include "weft/core/utf8.hpp"
#include "weft/text/tokenizer.hpp"

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
  /// three). Throws Error(argument) for an id outside the vocabulary, and stays as it was.
  std::string_view push(Token id) {
    if (tokenizer_.is_control(id)) return {};
    const std::string_view bytes = tokenizer_.bytes(id);
    pending_.append(bytes);
    return take(true);
  }

  /// What was held back: no further token will complete it. The decoder is then as new.
  std::string_view finish() { return take(false); }

 private:
  std::string_view take(bool more) {
    out_.clear();
    const std::size_t used = invalid_ == InvalidUtf8::replace ? append_valid_utf8(out_, pending_, more) : keep(more);
    pending_.erase(0, used);
    return out_;
  }

  std::size_t keep(bool more) {
    std::size_t used = pending_.size();
    // A character that is not whole yet can only lie in the last three bytes.
    for (std::size_t at = used - std::min<std::size_t>(used, 3); more && at < pending_.size(); ++at)
      if (detail::read_utf8(pending_, at).state == detail::Utf8State::cut) {
        used = at;
        break;
      }
    out_.append(pending_, 0, used);
    return used;
  }

  Tokenizer tokenizer_;
  InvalidUtf8 invalid_;
  std::string pending_;
  std::string out_;
};

}  // namespace weft
