// What a streaming decoder makes of ids that come one at a time.
#pragma once

#include <span>
#include <string>

#include "weft/text/stream_decoder.hpp"

namespace weft::test {

inline std::string streamed(const Tokenizer& tokenizer, std::span<const Token> ids) {
  StreamDecoder decoder(tokenizer);
  std::string text;
  for (const Token id : ids) text.append(decoder.push(id));
  return text.append(decoder.finish());
}

}  // namespace weft::test
