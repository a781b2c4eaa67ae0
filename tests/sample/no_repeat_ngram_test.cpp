#include "weft/sample/no_repeat_ngram.hpp"

#include <doctest/doctest.h>

#include <set>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("a token is excluded if and only if it would complete an n-gram of the history again") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    std::vector<Token> history;
    for (std::uint64_t i = 0; i < seed % 40; ++i) history.push_back(static_cast<Token>(uniform(seed, 1, i) * 5));
    for (std::size_t n = 1; n <= 4; ++n) {
      std::set<std::vector<Token>> ngrams;
      for (std::size_t i = 0; i + n <= history.size(); ++i)
        ngrams.insert({history.begin() + static_cast<std::ptrdiff_t>(i), history.begin() + static_cast<std::ptrdiff_t>(i + n)});
      const auto logits = applied(no_repeat_ngram(static_cast<std::int64_t>(n)), std::vector<float>(6, 1), {.history = history});
      for (Token next = 0; next < 6; ++next) {
        auto grown = history;
        grown.push_back(next);
        const bool repeats = grown.size() >= n && ngrams.count({grown.end() - static_cast<std::ptrdiff_t>(n), grown.end()}) > 0;
        REQUIRE((logits[static_cast<std::size_t>(next)] == -inf) == repeats);
      }
    }
  }
}

TEST_CASE("an n below 1 is refused") { CHECK(kind_of_error([] { (void)no_repeat_ngram(0); }) == ErrorKind::argument); }
