#include "weft/sample/bad_words.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("the token that would complete a bad word is excluded, but not an end token that is a word by itself") {
  const std::vector<Token> history{9, 1, 2}, ends{0};
  const StepContext context{.history = history, .end_tokens = ends};
  CHECK(applied(bad_words({{0}, {3}, {1, 2, 1}, {2, 2, 2}, {2, 0}}), {1, 1, 1, 1}, context) ==
        std::vector<float>{-inf, -inf, 1, -inf});
  CHECK(applied(bad_words({{0}}), {1, 1}, context) == std::vector<float>{1, 1});
  CHECK(kind_of_error([] { (void)bad_words({{}}); }) == ErrorKind::argument);
}
