#include "weft/core/quote.hpp"

#include <doctest/doctest.h>

#include <string>

using weft::detail::printable;
using weft::detail::quote;

TEST_CASE("names from a file come out as printable ASCII, every other byte by its number") {
  CHECK(printable("blk.0.attn_q", 128) == "blk.0.attn_q");
  CHECK(printable(std::string_view("a\0b\n\x1b[31m\x7f", 10), 128) == "a\\x00b\\x0a\\x1b[31m\\x7f");
  CHECK(printable("\xC3\xA9", 128) == "\\xc3\\xa9");
  for (int byte = 0; byte < 256; ++byte)
    for (const char c : quote(std::string(1, static_cast<char>(byte)))) CHECK((c >= 0x20 && c < 0x7F));
}

TEST_CASE("a long name is cut after so many bytes of it, and says so") {
  CHECK(printable("abcdef", 6) == "abcdef");
  CHECK(printable("abcdefg", 6) == "abcdef...");
  CHECK(quote("abcdefg", 3) == "'abc...'");
  CHECK(quote("", 3) == "''");
  CHECK(quote(std::string(1 << 20, '\n')).size() < 600);
}
