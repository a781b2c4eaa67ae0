#include "weft/text/stream_decoder.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "text/tiny.hpp"
#include "weft/core/error.hpp"

using namespace weft;

namespace {

// One token for each byte.
std::vector<Token> bytes_as_tokens(std::string_view text) {
  std::vector<Token> tokens;
  for (const char c : text) tokens.push_back(static_cast<unsigned char>(c));
  return tokens;
}

}  // namespace

TEST_CASE("a character comes out when it is whole, never in part") {
  const Tokenizer tokenizer(test::tiny_vocabulary());
  StreamDecoder decoder(tokenizer);
  std::vector<std::string> parts;
  for (const Token id : bytes_as_tokens("a\xE6\x97\xA5\xF0\x9F\x98\x80")) parts.emplace_back(decoder.push(id));
  CHECK(parts == std::vector<std::string>{"a", "", "", "\xE6\x97\xA5", "", "", "", "\xF0\x9F\x98\x80"});
  CHECK(decoder.finish().empty());
}

TEST_CASE("broken bytes become U+FFFD as soon as that is certain, or at the end") {
  const Tokenizer tokenizer(test::tiny_vocabulary());
  StreamDecoder decoder(tokenizer);
  CHECK(decoder.push(0xFF) == "\xEF\xBF\xBD");
  CHECK(decoder.push(0xE6).empty());
  CHECK(decoder.push('x') == "\xEF\xBF\xBDx");
  CHECK(decoder.push(0xE6).empty());
  CHECK(decoder.finish() == "\xEF\xBF\xBD");
  CHECK(decoder.finish().empty());
}

TEST_CASE("streamed text is decoded text for any bytes, replaced or kept") {
  const Tokenizer tokenizer(test::tiny_vocabulary());
  std::uint32_t random = 5;
  constexpr std::string_view alphabet = "a\x80\x9F\xA0\xBF\xC3\xE0\xE6\xED\xEF\xF0\xF4\xFF";
  for (int round = 0; round < 3000; ++round) {
    std::vector<Token> tokens;
    for (int i = 0; i < 10; ++i) {
      random = random * 1664525 + 1013904223;
      tokens.push_back(static_cast<unsigned char>(alphabet[(random >> 16) % alphabet.size()]));
    }
    for (const auto mode : {InvalidUtf8::replace, InvalidUtf8::keep}) {
      StreamDecoder decoder(tokenizer, mode);
      std::string text;
      for (const Token id : tokens) text.append(decoder.push(id));
      text.append(decoder.finish());
      CHECK(text == tokenizer.decode(tokens, mode));
    }
  }
}

TEST_CASE("a copy goes its own way") {
  const Tokenizer tokenizer(test::tiny_vocabulary());
  StreamDecoder first(tokenizer);
  CHECK(first.push(0xC3).empty());
  StreamDecoder second = first;
  CHECK(first.push(0xA9) == "é");
  CHECK(second.push(0xA8) == "è");
}

TEST_CASE("control tokens give nothing and ids outside the vocabulary change nothing") {
  const Tokenizer tokenizer(test::tiny_vocabulary());
  StreamDecoder decoder(tokenizer);
  CHECK(decoder.push(0xC3).empty());
  CHECK(decoder.push(262).empty());
  CHECK_THROWS_AS((void)decoder.push(9999), Error);
  CHECK(decoder.push(0xA9) == "é");
}
