#include "weft/sample/presence_penalty.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("the presence penalty counts generated tokens once") {
  const std::vector<Token> history{0, 0, 1, 2, 1};
  CHECK(applied(presence_penalty(0.5f), {4, 4, 4, 4}, {.history = history, .prompt_length = 2}) ==
        std::vector<float>{4, 3.5f, 3.5f, 4});
}

TEST_CASE("a presence penalty that is not finite is refused") {
  for (const float p : {inf, -inf, std::nanf("")})
    CHECK(kind_of_error([&] { (void)presence_penalty(p); }) == ErrorKind::argument);
}
