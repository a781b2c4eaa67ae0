// How expressions are compiled. That the automata find what Perl's rules say: regex_test.cpp.
#include "weft/core/regex_program.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "support/damage.hpp"
#include "support/errors.hpp"
#include "weft/core/philox.hpp"
#include "weft/core/regex.hpp"

using namespace weft;

TEST_CASE("two code points are of one class just where every set holds both or neither") {
  std::uint64_t draws = 0;
  const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(uniform(1, 2, draws++) * n); };
  for (int round = 0; round < 30; ++round) {
    std::vector<CharSet> sets(1 + below(6));
    std::set<std::uint32_t> looked_at{0, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000, 0x10FFFF};
    for (auto& set : sets) {
      for (std::uint32_t n = below(5); n > 0; --n) {
        const auto first = below(round % 2 == 0 ? 0x180 : 0x110000), last = std::min(first + below(round % 3 == 0 ? 3 : 2000), 0x10FFFFu);
        set.add(first, last);
        for (const auto code : {first, last}) looked_at.insert({code == 0 ? 0 : code - 1, code, std::min(code + 1, 0x10FFFFu)});
      }
      if (below(4) == 0) set = set.negated();
    }
    detail::RegexClasses classes;
    classes.build(sets);
    std::map<std::vector<bool>, std::uint32_t> class_of;
    for (const auto code : looked_at) {
      std::vector<bool> members;
      for (const auto& set : sets) members.push_back(set.contains(code));
      const auto found = classes.of(code);
      REQUIRE(found < classes.count());
      CHECK(class_of.try_emplace(members, found).first->second == found);
      for (std::size_t s = 0; s < sets.size(); ++s) CHECK(sets[s].contains(classes.examples()[found]) == members[s]);
      if (code < 0x80) CHECK(classes.of_ascii(static_cast<unsigned char>(code)) == found);
    }
    std::set<std::uint32_t> different;
    for (const auto& [members, number] : class_of) different.insert(number);
    CHECK(different.size() == class_of.size());
  }
}

TEST_CASE("expressions that would take more than their share of memory or time are refused, and large ones compile") {
  const auto repeated = [](const std::string& part, std::size_t bytes) {
    std::string text;
    while (text.size() + part.size() <= bytes) text += part;
    return text;
  };
  const auto message = [](const std::string& pattern) { return test::message_of([&] { (void)Regex(pattern); }); };
  CHECK(test::contains(message(std::string((1 << 16) + 1, 'a')), "65536"));
  CHECK(test::contains(message("((a{100}){100}){100}"), "more than 20000 states"));
  for (const std::string part : {"\\W", "(?i:\\W)", "[\\W\\d]", "(?=ab)", "(?!\\W)"}) {
    CAPTURE(part);
    CHECK(message(repeated(part, 1 << 16)) != "");
  }
  for (const std::string part : {"(", "[", "(?i", "[^", "(?:a|", "a{0}", "|", "\\"}) {
    CAPTURE(part);
    (void)message(repeated(part, 1 << 16));  // refused or not, but no crash
  }
  CHECK(message(repeated("a?", 1 << 14)) == "");
}

TEST_CASE("expressions with random damage are refused or find matches inside of the text, from left to right") {
  test::Damage damage({"(", ")", "[", "]", "|", "*", "+", "?", "{2,5}", "{0}", "{,}", "\\", "\\p{L}", "\\W", "(?i)", "(?!", "(?=", "(?>", "^", "$", "\\b", "&&", "-", "\xC3\xA9", "\xFF", "\\x{10FFFF}"});
  test::Damaged outcome;
  const std::string text = "Hello, W\xC3\xB6rld 123\n\n aaab\xFF";
  for (const std::string valid : {R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s+(?!\S)|\s+)", R"((?i)\bas an? (ai|llm)\b|[a-z&&[^aeiou]]{2,}?$|(?=ab|cd)\w+)"})
    for (int round = 0; round < 1000; ++round) {
      const std::string damaged = damage(valid);
      outcome.attempt([&] {
        RegexScanner scanner{Regex(damaged), text};
        RegexMatch match;
        std::size_t end = 0, count = 0;
        while (scanner.next(match)) {
          REQUIRE(match.begin >= end);
          REQUIRE(match.end >= match.begin);
          REQUIRE(match.end <= text.size());
          REQUIRE(++count <= text.size() + 1);
          end = match.end;
        }
      });
    }
  CHECK(outcome.read > 100);
  CHECK(outcome.refused > 100);
}
