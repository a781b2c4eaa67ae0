#include "weft/sample/min_length.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("all end tokens are excluded until prompt and text are long enough") {
  const std::vector<Token> history{5, 6, 7, 8}, ends{0, 2};
  const StepContext context{.history = history, .prompt_length = 2, .end_tokens = ends};
  CHECK(applied(min_length(5), {1, 1, 1}, context) == std::vector<float>{-inf, 1, -inf});
  CHECK(applied(min_length(4), {1, 1, 1}, context) == std::vector<float>{1, 1, 1});
  CHECK(kind_of_error([] { (void)min_length(-1); }) == ErrorKind::argument);
}
