#include "weft/sample/suppress_tokens.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("suppressed tokens are never chosen, those at the begin only not first") {
  const std::vector<Token> history{1, 2, 3};
  const StepContext first{.history = history, .prompt_length = 3}, later{.history = history, .prompt_length = 2};
  CHECK(applied(suppress_tokens({0, 2}), {1, 1, 1}, later) == std::vector<float>{-inf, 1, -inf});
  CHECK(applied(begin_suppress_tokens({0, 2}), {1, 1, 1}, first) == std::vector<float>{-inf, 1, -inf});
  CHECK(applied(begin_suppress_tokens({0, 2}), {1, 1, 1}, later) == std::vector<float>{1, 1, 1});
}

TEST_CASE("suppressing a token outside the vocabulary is an error") {
  CHECK(kind_of_error([] { applied(suppress_tokens({3}), {1, 1, 1}); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { applied(suppress_tokens({-1}), {1, 1, 1}); }) == ErrorKind::argument);
}
