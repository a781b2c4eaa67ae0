#include "weft/sample/forced_token.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("the first new token is forced, and the one that fills the length is an end token") {
  const std::vector<Token> history{1, 2, 3}, ends{0, 2};
  const StepContext first{.history = history, .prompt_length = 3, .end_tokens = ends};
  const StepContext later{.history = history, .prompt_length = 2, .end_tokens = ends};
  CHECK(applied(forced_bos_token(1), {5, -inf, 5}, first) == std::vector<float>{-inf, 0, -inf});
  CHECK(applied(forced_bos_token(1), {5, 5, 5}, later) == std::vector<float>{5, 5, 5});
  CHECK(applied(forced_eos_token(4), {5, 5, 5}, later) == std::vector<float>{0, -inf, 0});
  CHECK(applied(forced_eos_token(5), {5, 5, 5}, later) == std::vector<float>{5, 5, 5});
}

TEST_CASE("forcing what is not there is an error") {
  const std::vector<Token> history{1};
  CHECK(kind_of_error([] { applied(forced_bos_token(3), {1, 1, 1}); }) == ErrorKind::argument);
  CHECK(kind_of_error([&] { applied(forced_eos_token(2), {1, 1}, {.history = history}); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)forced_eos_token(0); }) == ErrorKind::argument);
}
