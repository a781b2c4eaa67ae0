#include "weft/sample/frequency_penalty.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("the frequency penalty counts generated tokens, each time") {
  const std::vector<Token> history{0, 0, 1, 2, 1};
  CHECK(applied(frequency_penalty(0.5f), {4, 4, 4, 4}, {.history = history, .prompt_length = 2}) ==
        std::vector<float>{4, 3, 3.5f, 4});
  CHECK(applied(frequency_penalty(-1), {4, 4, 4, 4}, {.history = history, .prompt_length = 2}) ==
        std::vector<float>{4, 6, 5, 4});
}

TEST_CASE("a frequency penalty that is not finite is refused") {
  for (const float p : {inf, -inf, std::nanf("")})
    CHECK(kind_of_error([&] { (void)frequency_penalty(p); }) == ErrorKind::argument);
}
