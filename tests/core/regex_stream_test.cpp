#include "weft/core/regex_stream.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <vector>

#include "support/errors.hpp"
#include "weft/core/philox.hpp"
#include "weft/core/regex.hpp"

using namespace weft;

namespace {

bool is_match(const Regex& whole, std::string_view text) {
  RegexScanner scanner(whole, text);
  RegexMatch match;
  return scanner.next(match) && match == RegexMatch{0, text.size()};
}

struct Span {
  std::size_t begin, end;
  friend bool operator==(const Span&, const Span&) = default;
};
/// The match that ends first, and of those the one that begins first: every substring is tried.
std::optional<Span> first_match(const Regex& whole, std::string_view text) {
  for (std::size_t end = 1; end <= text.size(); ++end)
    for (std::size_t begin = 0; begin < end; ++begin)
      if (is_match(whole, text.substr(begin, end - begin))) return Span{begin, end};
  return {};
}

std::optional<Span> streamed(RegexStream stream, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (stream.push(text.substr(i, 1))) return Span{stream.begin(), i + 1};
  if (stream.finish()) return Span{stream.begin(), text.size()};
  return {};
}

std::string random_text(std::uint64_t seed, std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i) text += "abc"[static_cast<std::size_t>(3 * uniform(seed, 1, i))];
  return text;
}

}  // namespace

TEST_CASE("the match found in a stream is the first that any substring is, and nothing before safe() is ever in one") {
  std::size_t found = 0, held = 0;
  for (const char* pattern : {"abc", "a+b", "(ab|bca|cc)c", "a[bc]{2,3}a", "a.*b", "(a|ab)(c|bcc)", "(?i)CA{2}B?c", "b(?:ac)*?b"}) {
    const Regex whole(std::string("^(?:") + pattern + ")$");
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      const auto text = random_text(seed, 9);
      const auto expected = first_match(whole, text);
      CHECK(streamed(RegexStream(pattern), text) == expected);
      found += expected.has_value();
      if (!expected) continue;
      RegexStream stream(pattern);
      for (std::size_t i = 0; i + 1 < expected->end; ++i) {
        REQUIRE(!stream.push(text.substr(i, 1)));
        REQUIRE(stream.safe() <= expected->begin);
        REQUIRE(stream.safe() <= i + 1);
        held += stream.safe() < i + 1;
      }
    }
  }
  CHECK(found > 200);
  CHECK(held > 200);
}

TEST_CASE("text is held only while a match may come") {
  RegexStream stream("foo ?bar");
  CHECK(!stream.push("xx"));
  CHECK(stream.safe() == 2);
  CHECK(!stream.push("fo"));
  CHECK(stream.safe() == 2);
  CHECK(!stream.push("x"));
  CHECK(stream.safe() == 5);
  CHECK(!stream.push("foo b"));
  CHECK(stream.safe() == 5);
  auto copy = stream;
  CHECK(stream.push("ar"));
  CHECK(stream.begin() == 5);
  CHECK(!copy.push("a "));
  CHECK(copy.safe() == 12);
}

TEST_CASE("word boundaries and ends are decided by what follows") {
  CHECK(!streamed(RegexStream("\\bAI\\b"), "the MAIN AIs"));
  CHECK(streamed(RegexStream("\\bAI\\b"), "an AI.") == Span{3, 6});
  CHECK(streamed(RegexStream("\\bAI\\b"), "an AI") == Span{3, 5});
  CHECK(streamed(RegexStream("end$"), "an end") == Span{3, 6});
  CHECK(!streamed(RegexStream("end$"), "an end."));
  CHECK(streamed(RegexStream("^as"), "as was") == Span{0, 2});
  CHECK(!streamed(RegexStream("^as"), "was as"));
  CHECK(streamed(RegexStream("a(?!b)"), "abac") == Span{2, 4});
  RegexStream accents("é+t");
  CHECK(accents.push("caféét"));
  CHECK(accents.begin() == 3);
}

TEST_CASE("what cannot be looked for in a stream is refused by name") {
  for (const char* pattern : {"a*", "", "(a|)", "(?:b?c?)"}) {
    CAPTURE(pattern);
    CHECK_THROWS_WITH_AS(RegexStream{pattern}, doctest::Contains("matches the empty text"), Error);
  }
  CHECK_THROWS_WITH_AS(RegexStream{"a(?=bc)"}, doctest::Contains("looks ahead"), Error);
  CHECK_THROWS_AS(RegexStream{"a("}, Error);
}

TEST_CASE("a text that never decides costs the same for each character") {
  RegexStream stream("(a|aa|aaa)*b");
  const std::string many(20000, 'a');
  CHECK(!stream.push(many));
  CHECK(stream.safe() == 0);
  CHECK(stream.push("b"));
  CHECK(stream.begin() == 0);
}
