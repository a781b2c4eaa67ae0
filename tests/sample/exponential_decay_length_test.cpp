#include "weft/sample/exponential_decay_length.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("from the start on, the end's logit grows by |x| (factor^k - 1), whatever its sign") {
  const std::vector<Token> history{5, 6, 7, 8}, ends{0, 1};
  const StepContext context{.history = history, .prompt_length = 1, .end_tokens = ends};
  CHECK(applied(exponential_decay_length(1, 2), {4, -4, 1}, context) == std::vector<float>{16, 8, 1});
  CHECK(applied(exponential_decay_length(3, 2), {4, -4, 1}, context) == std::vector<float>{4, -4, 1});
  CHECK(applied(exponential_decay_length(0, 1e300), {4, -inf, 1}, context) == std::vector<float>{3e38f, -inf, 1});
}

TEST_CASE("a negative start and a factor that is not finite and positive are refused") {
  CHECK(kind_of_error([] { (void)exponential_decay_length(-1, 2); }) == ErrorKind::argument);
  for (const double f : {0.0, -1.0, HUGE_VAL, std::nan("")})
    CHECK(kind_of_error([&] { (void)exponential_decay_length(1, f); }) == ErrorKind::argument);
}
