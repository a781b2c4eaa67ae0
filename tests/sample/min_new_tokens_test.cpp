#include "weft/sample/min_new_tokens.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("all end tokens are excluded until enough tokens are new; the prompt does not count") {
  const std::vector<Token> history{5, 6, 7, 8}, ends{0, 2};
  StepContext context;
  context.history = history;
  context.end_tokens = ends;
  context.prompt_length = 2;
  CHECK(applied(min_new_tokens(3), {1, 1, 1}, context) == std::vector<float>{-inf, 1, -inf});
  CHECK(applied(min_new_tokens(2), {1, 1, 1}, context) == std::vector<float>{1, 1, 1});
  CHECK(kind_of_error([] { (void)min_new_tokens(-1); }) == ErrorKind::argument);
}
