#include "weft/text/byte_alphabet.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace weft::detail;

TEST_CASE("each byte has a character of its own, as bytes_to_unicode of GPT-2 gives them") {
  std::set<char16_t> characters(gpt2_char_of.begin(), gpt2_char_of.end());
  CHECK(characters.size() == 256);
  for (unsigned byte = 0; byte < 256; ++byte) CHECK(gpt2_byte_of[gpt2_char_of[byte]] == static_cast<int>(byte));
  CHECK(gpt2_char_of[' '] == u'\u0120');
  CHECK(gpt2_char_of['\n'] == u'\u010A');
  CHECK(gpt2_char_of['A'] == u'A');
  CHECK(gpt2_char_of[0] == u'\u0100');
  CHECK(gpt2_char_of[0x7F] == u'\u0121');
  CHECK(gpt2_char_of[0xA0] == u'\u0142');
  CHECK(gpt2_char_of[0xAD] == u'\u0143');
  CHECK(gpt2_char_of[0xFF] == u'\u00FF');
  int others = 0;
  for (const int byte : gpt2_byte_of) others += byte < 0;
  CHECK(others == static_cast<int>(gpt2_byte_of.size()) - 256);
}
