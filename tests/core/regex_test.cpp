#include "weft/core/regex.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "weft/core/error.hpp"

using namespace weft;
using Found = std::vector<std::string>;

namespace {

Found matches(std::string_view pattern, std::string_view text) {
  Found found;
  const Regex regex(pattern);
  RegexScanner scanner(regex, text);
  for (RegexMatch match; scanner.next(match);) found.emplace_back(text.substr(match.begin, match.end - match.begin));
  return found;
}

std::string refusal(std::string_view pattern) {
  try {
    (void)Regex(pattern);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

std::size_t count(std::string_view pattern, std::string_view text) {
  const Regex regex(pattern);
  RegexScanner scanner(regex, text);
  std::size_t n = 0;
  for (RegexMatch match; scanner.next(match);) ++n;
  return n;
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) result.append(text);
  return result;
}

}  // namespace

TEST_CASE("the first alternative that matches wins, not the longest") {
  CHECK(matches("a|ab", "ab") == Found{"a"});
  CHECK(matches("ab|a", "abaa") == Found{"ab", "a", "a"});
  CHECK(matches("(a|ab)(c|bcd)", "abcd") == Found{"abcd"});
  CHECK(matches("(?:x|xy|xyz)z?", "xyz") == Found{"x"});
}

TEST_CASE("quantifiers are greedy, lazy or possessive as written") {
  CHECK(matches("a{2,3}", "aaaaa") == Found{"aaa", "aa"});
  CHECK(matches("a{2,3}?", "aaaaa") == Found{"aa", "aa"});
  CHECK(matches("a+?b", "aab") == Found{"aab"});
  CHECK(matches("<.+?>", "<a><b>") == Found{"<a>", "<b>"});
  CHECK(matches("a{2}", "aaa") == Found{"aa"});
  CHECK(matches("a{,2}b", "aaab") == Found{"aab"});
  CHECK(matches("x{a}", "x{a}") == Found{"x{a}"});  // no quantifier: literal
  CHECK(matches("a++a", "aaa").empty());
  CHECK(matches("a*+b", "aab") == Found{"aab"});
  CHECK(matches("a?+a", "a").empty());
  CHECK(matches("a?+a", "aa") == Found{"aa"});
  CHECK(matches("a{1,2}+a", "aa").empty());
  CHECK(matches("a{1,2}+a", "aaa") == Found{"aaa"});
  CHECK(matches("(?>a+)b", "aab") == Found{"aab"});
  CHECK(matches("(?:a|b)++c", "abc") == Found{"abc"});
}

TEST_CASE("look-aheads see what follows and take nothing") {
  CHECK(matches(R"(\s+(?!\S)|\s+)", "a   b  ") == Found{"  ", " ", "  "});
  CHECK(matches("a(?=b)", "abac") == Found{"a"});
  CHECK(matches("a(?!b)", "abac") == Found{"a"});
  CHECK(matches("a(?=bc)b", "abdabc") == Found{"ab"});
  CHECK(matches(R"(\d{1,3}(?=(?:\d{3})*\b))", "1234567 89") == Found{"1", "234", "567", "89"});
  CHECK(matches("x(?=(?!ab)a)", "xabxacx") == Found{"x"});
  CHECK(matches(R"(((?=[\p{L}])([^a-z]))+)", "ABCdeF1") == Found{"ABC", "F"});
}

TEST_CASE("sets, properties and escapes hold the code points that Unicode says") {
  CHECK(matches(R"(\p{L}+)", "abc déf 日本語 123") == Found{"abc", "déf", "日本語"});
  CHECK(matches(R"(\p{Lu}\p{Ll}*)", "Ab ÉtéX") == Found{"Ab", "Été", "X"});
  CHECK(matches(R"([^\s\p{L}\p{N}]+)", "a!?b… 1") == Found{"!?", "…"});
  CHECK(matches(R"([\p{P}&&[^.]]+)", "a.!,") == Found{"!,"});
  CHECK(matches(R"([a-c-]+)", "ab-d") == Found{"ab-"});
  CHECK(matches(R"([]a]+)", "]a[") == Found{"]a"});
  CHECK(matches(R"(\x41\x{1F600}\u00e9\r\n)", "A😀é\r\n") == Found{"A😀é\r\n"});
  CHECK(matches(R"(\P{L}+|\p{^L}x)", "ab12") == Found{"12"});
  CHECK(matches(R"(\w+)", "naïve_x²") == Found{"naïve_x"});
  CHECK(matches(R"(\S+)", "a\xC2\xA0" "b\xE2\x80\x83" "c") == Found{"a", "b", "c"});
}

TEST_CASE("POSIX classes hold what Oniguruma's hold, and stand beside others in a set") {
  CHECK(matches("[[:punct:]]+", "a!?b$+c\xE2\x82\xAC\xC2\xAB") == Found{"!?", "$+", "\xE2\x82\xAC\xC2\xAB"});
  CHECK(matches("[[:space:]]+", "a \t\xC2\xA0" "b\n") == Found{" \t\xC2\xA0", "\n"});
  CHECK(matches("[[:blank:]]", "\t\n ") == Found{"\t", " "});
  CHECK(matches("[[:digit:][:cntrl:]x]+", "1\x01x-\xD9\xA3") == Found{"1\x01x", "\xD9\xA3"});
  CHECK(matches("[[:xdigit:]]+", "fFg09") == Found{"fF", "09"});
  CHECK(matches("[[:word:]]+", "a_1-\xC3\xA4") == Found{"a_1", "\xC3\xA4"});
  CHECK(matches("[[:^ascii:]]+", "a\xC3\xA4z") == Found{"\xC3\xA4"});
  CHECK(matches("[^[:punct:][:space:]]+", "one, two") == Found{"one", "two"});
  CHECK(matches("[[:alpha:]]+|[[:upper:]]", "ab1\xC3\xA9") == Found{"ab", "\xC3\xA9"});
  CHECK(matches("[[:^upper:]]", "AbC") == Found{"b"});
  CHECK(refusal("[[:alphabet:]]").find("unknown POSIX class 'alphabet'") != std::string::npos);
  CHECK(refusal("[[:space]").find("'[:'") != std::string::npos);
}

TEST_CASE("(?i) matches all that folds alike, and ends with its group") {
  CHECK(matches("(?i:'s|'ll)", "'S 'Ll 's") == Found{"'S", "'Ll", "'s"});
  CHECK(matches("(?i)k", "kK\xE2\x84\xAA") == Found{"k", "K", "\xE2\x84\xAA"});
  CHECK(matches("(a(?i)b)c", "aBc aBC") == Found{"aBc"});
  CHECK(matches("(?i)[^s]", "sS\xC5\xBFt") == Found{"t"});
}

TEST_CASE("begin, end and word boundaries are where they belong") {
  CHECK(matches("^a|b$", "aab b") == Found{"a", "b"});
  CHECK(matches(R"(\bfoo\b)", "foo foobar foo") == Found{"foo", "foo"});
  CHECK(matches(R"(\Boo)", "foo oo") == Found{"oo"});
}

TEST_CASE("a look-behind knows the code point before, in words, at the front and after a match") {
  CHECK(matches("(?<=a)b", "ab bb aab") == Found{"b", "b"});
  CHECK(matches(R"((?<!\p{L}|_)\p{L}+)", "été _x 日本") == Found{"été", "日本"});
  CHECK(matches(R"((?<=[\p{N}é])(?<!1)x|y)", "x1x2xéxy") == Found{"x", "x", "y"});
  CHECK(matches("(?<!a)(?<=.)", "ab") == Found{""});
  CHECK(matches(R"((?=(?:(?<!b)a)+c).)", "aac bac") == Found{"a", "a"});
  CHECK(matches(R"(\b(?<=\s)\w)", "a b") == Found{"b"});
}

TEST_CASE("an empty match is reported and the search goes on") {
  CHECK(matches("x*", "axb") == Found{"", "x", "", ""});
  CHECK(matches("", "é") == Found{"", ""});
}

TEST_CASE("bytes that are no UTF-8 are symbols, one each") {
  CHECK(matches(R"(\p{L}+|\p{So})", "ab\xFF\xC3z") == Found{"ab", "\xFF", "\xC3", "z"});
}

TEST_CASE("a bad pattern is refused with the byte where it goes wrong") {
  CHECK(refusal("ab(c") == "regular expression, byte 2: unmatched '(' in 'ab(c'");
  CHECK(refusal("a)") == "regular expression, byte 1: unmatched ')' in 'a)'");
  CHECK(refusal("a[b") == "regular expression, byte 1: unmatched '[' in 'a[b'");
  CHECK(refusal("*a") == "regular expression, byte 0: nothing to repeat in '*a'");
  CHECK(refusal("[z-a]").find("out of order") != std::string::npos);
  CHECK(refusal("a{3,1}").find("m > n") != std::string::npos);
  CHECK(refusal(R"(\p{Klingon})").find("Klingon") != std::string::npos);
  CHECK(refusal("(?<=ab)b").find("look-behind over more") != std::string::npos);
  CHECK(refusal("(?<=a)(?<!b)(?<=c)(?<=d)").find("more than 3") != std::string::npos);
  CHECK(refusal(R"((a)\1)").find("back reference") != std::string::npos);
  CHECK(refusal("(?:ab)++").find("possessive") != std::string::npos);
  CHECK(refusal("\xFF").find("UTF-8") != std::string::npos);
  CHECK(refusal("\\").find("unexpected end") != std::string::npos);
}

TEST_CASE("patterns that would take too much memory or stack are refused") {
  CHECK(refusal("((a{1000}){1000}){1000}").find("states") != std::string::npos);
  CHECK(refusal(repeated("(", 5000)).find("nested") != std::string::npos);
  CHECK(refusal(repeated("a", 1 << 17)).find("at most") != std::string::npos);
  CHECK(refusal("((){1000}){1000}") == "accepted");
}

// None of these is finished within the test's time if the search goes back or looks ahead again and again.
TEST_CASE("no pattern takes more than linear time") {
  const std::size_t n = 1 << 20;
  const std::string a(n, 'a');
  CHECK(count("(?:a*)*b", a) == 0);
  CHECK(count("(a|aa)+$", a) == 1);
  CHECK(count("a|a*b", a) == n);         // each match looks to the end of the text for the b
  CHECK(count("a(?=a*b)|a", a) == n);
  CHECK(count("(?:a?){50}a{50}", a) == n / 100 + 1);
  CHECK(count(R"(\s*[\r\n]+|\s+(?!\S)|\s+)", std::string(n, ' ')) == 1);
  CHECK(count("x+y", std::string(n, 'x')) == 0);
}

TEST_CASE("an expression with more states than fit is matched all the same") {
  // The set of the last 20 places with an 'a' is a state of its own: 2^20 of them.
  std::string text;
  std::uint32_t random = 1;
  for (int i = 0; i < 20000; ++i) text.push_back((random = random * 1664525 + 1013904223) >> 31 ? 'a' : 'b');
  std::size_t expected = 0;
  for (std::size_t i = text.size(); i-- > 20;) {
    if (text[i - 20] == 'a') {
      expected = i + 1;
      break;
    }
  }
  const Regex regex("(?:a|b)*a(?:a|b){20}");
  RegexScanner scanner(regex, text);
  RegexMatch match;
  REQUIRE(scanner.next(match));
  CHECK(match == RegexMatch{0, expected});
}
