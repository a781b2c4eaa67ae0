#include "weft/sample/encoder_repetition_penalty.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("above 1, the source's tokens become more likely, once each, whatever the sign of their logits") {
  CHECK(applied(encoder_repetition_penalty(2, {1, 2, 1}), {4, 4, -4, 4}) == std::vector<float>{4, 8, -2, 4});
}

TEST_CASE("encoder penalties that are not finite and positive are refused, and tokens outside the vocabulary") {
  for (const float p : {0.0f, -1.0f, inf, std::nanf("")})
    CHECK(kind_of_error([&] { (void)encoder_repetition_penalty(p, {1}); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { applied(encoder_repetition_penalty(2, {3}), {1, 1, 1}); }) == ErrorKind::argument);
}
