#include "weft/decode/prompt_lookup.hpp"

#include <doctest/doctest.h>

#include "decode/guess.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("prompt lookup guesses what followed the latest occurrence of the longest run that it looks for") {
  CHECK(guess(prompt_lookup(), {1, 2, 3, 4, 5, 6, 1, 2, 3}) == std::vector<Token>{4, 5, 6, 1});
  CHECK(guess(prompt_lookup(), {1, 2, 3, 4, 9, 2, 3, 5, 1, 2, 3}) == std::vector<Token>{4, 9, 2, 3});  // three tokens before two
  CHECK(guess(prompt_lookup({.most_ngram = 2}), {1, 2, 3, 4, 9, 2, 3, 5, 1, 2, 3}) == std::vector<Token>{5, 1, 2, 3});
  CHECK(guess(prompt_lookup(), {3, 4, 3, 5, 3}) == std::vector<Token>{5, 3});  // it ends where the text does
  CHECK(guess(prompt_lookup({.least_ngram = 2}), {3, 4, 3, 5, 3}).empty());
  CHECK(guess(prompt_lookup(), {1, 2, 3}).empty());
  CHECK(guess(prompt_lookup(), {1}).empty());
  CHECK(guess(prompt_lookup(), {1, 1}, 1) == std::vector<Token>{1});
}
