// How far a text has come with its phrases. Searches that force them: beam_test.cpp and searches_decoding_test.cpp.
#include "weft/decode/forced_phrases.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "support/errors.hpp"
#include "weft/core/philox.hpp"

using namespace weft;

namespace {

std::uint64_t phrase_draws = 0;
std::size_t below(std::size_t n) { return static_cast<std::size_t>(uniform(10, 11, phrase_draws++) * static_cast<double>(n)); }

std::vector<ForcedPhrase> random_phrases() {
  while (true) {
    std::vector<ForcedPhrase> phrases(1 + below(3));
    for (auto& phrase : phrases) {
      phrase.any_of.resize(1 + below(2));
      for (auto& one : phrase.any_of)
        for (std::size_t n = 1 + below(3); n > 0; --n) one.push_back(static_cast<Token>(below(3)));
    }
    if (test::message_of([&] { detail::check(phrases); }).empty()) return phrases;
  }
}

bool holds(const std::vector<Token>& text, const std::vector<Token>& part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end()) != text.end();
}

}  // namespace

TEST_CASE("a text that is complete holds every phrase, and taking what brings it further completes any") {
  for (int round = 0; round < 300; ++round) {
    const auto phrases = random_phrases();
    detail::PhraseProgress progress(phrases);
    std::size_t longest = 0, tokens = 0;
    for (const auto& phrase : phrases) {
      std::size_t here = 0;
      for (const auto& one : phrase.any_of) here = std::max(here, one.size());
      longest = std::max(longest, here);
      tokens += here;
    }
    std::vector<Token> text;
    for (std::size_t n = below(12); n > 0 && !progress.complete(); --n) {  // anything
      text.push_back(static_cast<Token>(below(3)));
      progress.add(text.back());
      CHECK(progress.bank() <= phrases.size() * longest);
    }
    for (std::size_t steps = 0; !progress.complete(); ++steps) {  // on purpose
      REQUIRE(steps < tokens);
      std::vector<Token> next;
      progress.for_each_next([&](Token t) { next.push_back(t); });
      REQUIRE_FALSE(next.empty());
      const auto before = progress.bank();
      text.push_back(next[below(next.size())]);
      progress.add(text.back());
      CHECK(progress.bank() > before);
    }
    CHECK(progress.unmet() == 0);
    CHECK(progress.bank() == phrases.size() * longest);
    for (const auto& phrase : phrases) CHECK(std::any_of(phrase.any_of.begin(), phrase.any_of.end(), [&](const auto& one) { return holds(text, one); }));
  }
}

TEST_CASE("phrases without tokens, and alternatives of which one begins another, are refused") {
  const auto message = [](std::vector<ForcedPhrase> phrases) { return test::message_of([&] { detail::check(phrases); }); };
  CHECK(message({}) == "");
  CHECK(message({{{{1, 2}, {1, 3}}}, {{{1, 2}}}}) == "");
  CHECK(test::contains(message({{}}), "no alternatives"));
  CHECK(test::contains(message({{{{1}, {}}}}), "no tokens"));
  CHECK(test::contains(message({{{{1, 2}, {1}}}}), "begins another"));
  CHECK(test::contains(message({{{{1, 2}, {1, 2}}}}), "begins another"));
}
