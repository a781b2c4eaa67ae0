#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "weft/core/regex_reader.hpp"

namespace {

/// What the parser inherits, for everybody.
struct Reader : weft::detail::RegexReader {
  using RegexReader::RegexReader;
  using RegexReader::at_, RegexReader::counts, RegexReader::done, RegexReader::hexadecimal, RegexReader::take, RegexReader::take_code,
      RegexReader::take_until;
};

template <class Read>
std::string refusal(std::string_view pattern, Read read) {
  Reader reader(pattern);
  try {
    read(reader);
  } catch (const weft::Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("counts are read in all four forms, and what is none is left where it stands") {
  const auto read = [](std::string_view text) {
    Reader reader(text);
    std::uint32_t min = 7, max = 99;
    const bool found = reader.counts(min, max);
    CHECK(reader.at_ == (found ? text.size() : 0));
    return found ? std::pair(min, max) : std::pair(1u, 0u);
  };
  CHECK(read("{3}") == std::pair(3u, 3u));
  CHECK(read("{3,}") == std::pair(3u, 99u));
  CHECK(read("{,4}") == std::pair(0u, 4u));
  CHECK(read("{3,4}") == std::pair(3u, 4u));
  for (const char* none : {"{,}", "{}", "{3", "{x}", "{3,4", "x"}) CHECK(read(none) == std::pair(1u, 0u));
  std::uint32_t min = 0, max = 0;
  CHECK(refusal("{4,3}", [&](Reader& r) { r.counts(min, max); }).find("m > n") != std::string::npos);
  CHECK(refusal("{65536}", [&](Reader& r) { r.counts(min, max); }).find("65535") != std::string::npos);
}

TEST_CASE("code points are of so many digits, or of as many as stand in braces, up to U+10FFFF") {
  Reader reader("41{1F600}004");
  CHECK(reader.hexadecimal(0, 2) == U'A');
  CHECK(reader.hexadecimal(0, 4) == U'\U0001F600');
  CHECK(refusal("004", [](Reader& r) { r.hexadecimal(0, 4); }).find("too few") != std::string::npos);
  CHECK(refusal("{41", [](Reader& r) { r.hexadecimal(0, 2); }).find("too few") != std::string::npos);
  CHECK(refusal("{110000}", [](Reader& r) { r.hexadecimal(0, 2); }).find("U+10FFFF") != std::string::npos);
  CHECK(refusal("4g", [](Reader& r) { r.hexadecimal(0, 2); }).find("byte 1: not a hexadecimal digit") != std::string::npos);
}

TEST_CASE("text is taken up to its end, code point by code point, and errors name the byte") {
  Reader reader("\xC3\xA9name:]x");
  CHECK(reader.take_code() == U'\u00E9');
  CHECK(reader.take_until(":]", 0, "unmatched") == "name");
  CHECK_FALSE(reader.take("y"));
  CHECK(reader.take("x"));
  CHECK(reader.done());
  CHECK(refusal("abc", [](Reader& r) { r.take_until("]", 2, "unmatched '['"); }).find("byte 2: unmatched '['") != std::string::npos);
  CHECK(refusal("a\xC3", [](Reader& r) { r.take_code(), r.take_code(); }).find("byte 1: invalid UTF-8") != std::string::npos);
  CHECK(refusal("", [](Reader& r) { r.take_code(); }).find("unexpected end") != std::string::npos);
}
