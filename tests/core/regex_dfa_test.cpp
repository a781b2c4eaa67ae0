// The automaton, however much of it is built: what it finds is tested in regex_test.cpp.
#include "weft/core/regex_dfa.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "weft/core/philox.hpp"

using namespace weft;
using detail::RegexDfa;
using detail::RegexProgram;

namespace {

const char* const patterns[] = {"abc|ab*", "(?:a|b)*a(?:a|b){3}", "a+?b|\\bc", "a(?!b)|(?=ab*c)ab", "(a|ab)(c|bcd)$", "^a|b$"};

/// Bits of "a match ends before this symbol" for symbols read one after the other, until nothing can match any more. `before(row)` may
/// change the automaton, and says which row the walk then stands in.
template <class Before>
std::vector<bool> walk(RegexDfa& dfa, std::uint32_t left, std::uint64_t seed, const Before& before) {
  std::vector<bool> found;
  std::uint32_t row = dfa.start(left);
  for (std::uint64_t i = 0; i < 60 && row != RegexDfa::dead; ++i) {
    row = before(row);
    const auto symbol = static_cast<std::uint32_t>(uniform(seed, 1, i) * dfa.symbols());
    if (dfa.entry(row, symbol) == RegexDfa::unknown) REQUIRE(dfa.build(row, symbol));
    const auto entry = dfa.entry(row, symbol);
    found.push_back((entry & 1u) != 0);
    row = entry >> 1;
  }
  return found;
}

std::uint32_t left_of(const RegexProgram& program) { return program.uses_left ? RegexProgram::text_begin : RegexProgram::inner; }

}  // namespace

TEST_CASE("an automaton that is built as a text asks for it finds what one built whole does") {
  std::size_t matches = 0;
  for (const char* pattern : patterns) {
    CAPTURE(std::string(pattern));
    const RegexProgram program(pattern);
    RegexDfa whole(program), part(program);
    whole.build_all(1 << 16);
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      const auto expected = walk(whole, left_of(program), seed, [](std::uint32_t row) { return row; });
      CHECK(walk(part, left_of(program), seed, [](std::uint32_t row) { return row; }) == expected);
      for (const bool match : expected) matches += match;
    }
  }
  CHECK(matches > 100);
}

TEST_CASE("a walk goes on where it was when all other states are forgotten, at any time") {
  for (const char* pattern : patterns) {
    CAPTURE(std::string(pattern));
    const RegexProgram program(pattern);
    RegexDfa kept(program), forgetful(program);
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      const auto expected = walk(kept, left_of(program), seed, [](std::uint32_t row) { return row; });
      const auto found = walk(forgetful, left_of(program), seed, [&](std::uint32_t row) { return uniform(seed, 2, row) < 0.5 ? forgetful.reset(row) : row; });
      CHECK(found == expected);
    }
  }
}

TEST_CASE("all states are built where they fit, and where they do not, about as many entries as were allowed") {
  const RegexProgram program("(?:a|b)*a(?:a|b){3}");
  RegexDfa whole(program), part(program);
  whole.build_all(1 << 16);
  const auto unknown = [&](const RegexDfa& dfa) {
    std::size_t count = 0;
    std::vector<std::uint32_t> rows{dfa.known_start(left_of(program))};
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (std::uint32_t symbol = 0; symbol < dfa.symbols(); ++symbol) {
        const auto entry = dfa.entry(rows[i], symbol);
        count += entry == RegexDfa::unknown;
        if (entry != RegexDfa::unknown && std::find(rows.begin(), rows.end(), entry >> 1) == rows.end()) rows.push_back(entry >> 1);
      }
    return std::pair(count, rows.size());
  };
  CHECK(unknown(whole) == std::pair<std::size_t, std::size_t>(0, 17));  // which of the last four were an 'a', and dead
  part.build_all(2 * part.symbols());
  CHECK(unknown(part).first > 0);
}
