#include "weft/core/utf8.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <string_view>

using namespace weft;

namespace {

std::string replaced(std::string_view bytes) {
  std::string text;
  CHECK(append_valid_utf8(text, bytes) == bytes.size());
  return text;
}

}  // namespace

TEST_CASE("every code point but the surrogates is written and read back") {
  for (char32_t code = 0; code <= 0x10FFFF; ++code) {
    if (code >= 0xD800 && code < 0xE000) continue;
    std::string text;
    append_utf8(text, code);
    const auto sequence = detail::read_utf8(text, 0);
    if (sequence.state != detail::Utf8State::valid || sequence.code != code || sequence.length != text.size()) FAIL_CHECK("code point ", code);
  }
}

TEST_CASE("surrogates and numbers above U+10FFFF are written as U+FFFD") {
  for (const char32_t code : std::initializer_list<char32_t>{0xD800, 0xDFFF, 0x110000}) {
    std::string text;
    append_utf8(text, code);
    CHECK(text == "\xEF\xBF\xBD");
  }
}

TEST_CASE("overlong forms, surrogates, stray and missing bytes are no UTF-8") {
  CHECK(is_utf8("plain \xC3\xA9 \xE6\x97\xA5 \xF0\x9F\x98\x80"));
  for (const std::string_view bad : {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5",
                                     "\xC3", "\xE6\x97", "\xF0\x9F\x98", "\xE6\x97x"})
    CHECK_FALSE(is_utf8(bad));
}

TEST_CASE("each maximal subpart of a broken character becomes one U+FFFD, as in table 3-8 of the standard") {
  const std::string r = "\xEF\xBF\xBD";
  CHECK(replaced("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41") == r + r + r + r + r + r + r + r + "A");
  CHECK(replaced("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41") == r + r + r + r + r + r + r + r + "A");
  CHECK(replaced("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41") == r + r + r + r + "A");
  CHECK(replaced("a\xE6\x97") == "a" + r);
}

TEST_CASE("what may yet become a character waits when more is to come") {
  std::string text;
  CHECK(append_valid_utf8(text, "ab\xE6\x97", true) == 2);
  CHECK(text == "ab");
  CHECK(append_valid_utf8(text, "\xE6\x97\xA5\xFF", true) == 4);
  CHECK(text == "ab\xE6\x97\xA5\xEF\xBF\xBD");
}
