#include "weft/decode/suffix_automaton.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <span>

#include "weft/core/philox.hpp"

using namespace weft;
using weft::detail::SuffixAutomaton;

namespace {

std::vector<Token> random_tokens(std::uint64_t seed, std::size_t length, std::size_t vocab) {
  std::vector<Token> text;
  for (std::size_t i = 0; i < length; ++i) text.push_back(static_cast<Token>(uniform(seed, 3, i) * static_cast<double>(vocab)));
  return text;
}

/// Ends of the occurrences of `run` in `text`.
std::vector<std::size_t> ends_of(std::span<const Token> run, std::span<const Token> text) {
  std::vector<std::size_t> ends;
  for (std::size_t end = run.size(); end <= text.size(); ++end)
    if (std::equal(run.begin(), run.end(), text.begin() + static_cast<std::ptrdiff_t>(end - run.size()))) ends.push_back(end);
  return ends;
}

}  // namespace

TEST_CASE("after every token the automaton knows the longest run at the end that occurred before, how often, and what followed most often") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const auto text = random_tokens(seed, 60, 2 + seed % 5);
    SuffixAutomaton automaton;
    if (seed % 2) automaton.reserve(text.size());
    for (std::size_t n = 1; n <= text.size(); ++n) {
      automaton.push(text[n - 1]);
      const auto so_far = std::span(text).first(n);
      std::size_t length = n - 1;
      while (ends_of(so_far.last(length), so_far).size() < 2) --length;
      const auto state = automaton.match();
      CAPTURE(seed);
      CAPTURE(n);
      REQUIRE(automaton.length(state) == length);
      if (length == 0) continue;
      const auto ends = ends_of(so_far.last(length), so_far);
      REQUIRE(automaton.count(state) == ends.size());
      std::vector<std::size_t> followers(8), latest(8);
      for (const auto end : ends)
        if (end < n) ++followers[static_cast<std::size_t>(text[end])], latest[static_cast<std::size_t>(text[end])] = end;
      std::size_t best = 0;
      for (std::size_t t = 1; t < 8; ++t)
        if (followers[t] > followers[best] || (followers[t] == followers[best] && latest[t] > latest[best])) best = t;
      const auto* edge = automaton.likeliest(state);
      REQUIRE(edge);
      REQUIRE(edge->token == static_cast<Token>(best));
      REQUIRE(automaton.count(edge->target) == followers[best]);
    }
    CHECK(automaton.size() == text.size());
    automaton.clear();
    CHECK(automaton.size() == 0);
    CHECK(automaton.length(automaton.match()) == 0);
  }
}

TEST_CASE("a text of one token repeated, the worst for counts, is taken in quickly and matched to all but its last token") {
  SuffixAutomaton automaton;
  for (int i = 0; i < 200000; ++i) automaton.push(7);
  CHECK(automaton.length(automaton.match()) == 199999);
}
