#include "weft/sample/prefix_allowed_tokens.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("only what the callback allows after this history is left; if all that was excluded, it comes back") {
  const std::vector<Token> history{7, 1};
  const auto next = [](std::span<const Token> seen) { return std::vector<Token>{seen.back(), 2}; };
  CHECK(applied(prefix_allowed_tokens(next), {5, 6, 7, 8}, {.history = history}) ==
        std::vector<float>{-inf, 6, 7, -inf});
  CHECK(applied(prefix_allowed_tokens(next), {5, -inf, 7, 8}, {.history = history}) ==
        std::vector<float>{-inf, -inf, 7, -inf});
  CHECK(applied(prefix_allowed_tokens(next), {5, -inf, -inf, 8}, {.history = history}) ==
        std::vector<float>{-inf, 0, 0, -inf});
}

TEST_CASE("a callback that allows nothing, or what is not there, is an error") {
  CHECK(kind_of_error([] {
          applied(prefix_allowed_tokens([](std::span<const Token>) { return std::vector<Token>{}; }), {1, 1});
        }) == ErrorKind::argument);
  CHECK(kind_of_error([] {
          applied(prefix_allowed_tokens([](std::span<const Token>) { return std::vector<Token>{2}; }), {1, 1});
        }) == ErrorKind::argument);
}
