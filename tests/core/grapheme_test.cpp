#include "weft/core/grapheme.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "support/data.hpp"
#include "weft/core/utf8.hpp"

using namespace weft;

TEST_CASE("clusters end where the test of the Unicode Character Database says") {
  std::ifstream file(test::data("unicode") / "graphemes.txt");
  std::size_t lines = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    std::istringstream parts(line);
    std::string text;
    std::vector<std::size_t> expected;
    for (std::string part; parts >> part;) {
      if (part == "\xC3\xB7")  // a division sign: here a cluster may end
        expected.push_back(text.size());
      else if (part != "\xC3\x97")
        append_utf8(text, static_cast<char32_t>(std::stoul(part, nullptr, 16)));
    }
    std::vector<std::size_t> found{0};
    while (found.back() < text.size()) found.push_back(grapheme_end(text, found.back()));
    INFO("line ", lines + 1);
    CHECK(found == expected);
  }
  CHECK(lines == 602);
}

TEST_CASE("a joiner binds two pictographs when nothing but extenders stands before it, and nothing behind it") {
  const auto length = [](std::u32string_view codes) {
    std::string text;
    for (const char32_t code : codes) append_utf8(text, code);
    const std::size_t end = grapheme_end(text, 0);
    std::size_t count = 0;
    for (std::size_t at = 0; at < end; at += weft::detail::read_unit(text, at).length) ++count;
    return count;
  };
  CHECK(length(U"\U0001F468\u200D\U0001F468\u200D\U0001F468") == 5);
  CHECK(length(U"\U0001F468\u0301\u200D\U0001F468") == 4);
  CHECK(length(U"\U0001F468\u200D\u200D\U0001F468") == 3);
  CHECK(length(U"\U0001F468\u200D\u0301\u200D\U0001F468") == 4);
}
