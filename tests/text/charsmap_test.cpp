// SentencePiece's maps of characters by themselves; those of real models: vocabularies_text_test.cpp.
#include "weft/text/charsmap.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/errors.hpp"
#include "weft/core/philox.hpp"

using namespace weft;

namespace {

std::string word(std::uint32_t value) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>(value >> 8 * i & 0xFF);
  return bytes;
}

}  // namespace

TEST_CASE("base 64 is that of RFC 4648, and what is none gives nothing") {
  const std::pair<const char*, const char*> vectors[] = {{"", ""}, {"Zg==", "f"}, {"Zm8=", "fo"}, {"Zm9v", "foo"}, {"Zm9vYg==", "foob"}, {"Zm9vYmE=", "fooba"}, {"Zm9vYmFy", "foobar"}, {"/+8A", nullptr}};
  for (const auto& [text, bytes] : vectors) CHECK(detail::decode_base64(text) == (bytes ? std::string(bytes) : std::string("\xFF\xEF\0", 3)));
  for (const char* text : {"Z", "Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zm9*", "Zm 9", "Zm-_"}) {
    CAPTURE(text);
    CHECK_FALSE(detail::decode_base64(text).has_value());
  }
}

TEST_CASE("a trie of one entry finds it, as the longest and the shortest, and nothing else") {
  // Units of Darts-clone: the root leads to 'a' at 1 ^ 'a', which has a leaf at (1 ^ 'a') ^ 2 whose value is the offset 1.
  std::string units(4 * 256, '\xFF');
  const auto put = [&](std::size_t at, std::uint32_t unit) { units.replace(4 * at, 4, word(unit)); };
  const std::size_t a = 1 ^ 'a';
  put(0, 1u << 10);
  put(a, 2u << 10 | 0x100u | 'a');
  put(a ^ 2, 0x80000000u | 1);
  const detail::Charsmap map(word(static_cast<std::uint32_t>(units.size())) + units + std::string("\0bcd\0", 5), "test");
  CHECK(map.find_shortest("abc") == "bcd");
  std::size_t length = 0;
  CHECK(map.find_longest("abc", length) == "bcd");
  CHECK(length == 1);
  for (const auto& text : {std::string(), std::string("b"), std::string("ba"), std::string("\xFF"), std::string("\0a", 2)}) CHECK_FALSE(map.find_shortest(text).has_value());
}

TEST_CASE("maps that are cut short are refused, and units that lead anywhere lead nowhere") {
  for (const std::string& blob : {std::string(), std::string("abc"), word(0), word(3), word(8) + word(0), word(0xFFFFFFFF) + word(0)})
    CHECK(test::contains(test::message_of([&] { detail::Charsmap(blob, "test"); }), "map of characters"));
  std::uint64_t draws = 0;
  for (int round = 0; round < 300; ++round) {
    std::string blob = word(4 * 64);
    for (int i = 0; i < 64; ++i) blob += word(static_cast<std::uint32_t>(uniform(17, 18, draws++) * (round % 2 == 0 ? 4294967296.0 : 65536.0)));
    const detail::Charsmap map(blob + "ab", "test");
    for (int first = 0; first < 256; ++first) {
      const std::string text{static_cast<char>(first), 'a', '\xC3', '\xA9'};
      std::size_t length = 0;
      if (map.find_longest(text, length)) CHECK(length <= text.size());
      std::vector<detail::NormalCode> codes;
      map.normalize_codes(text, codes, 100);
      CHECK(codes.size() < 100);
    }
  }
}
