#include "weft/sample/temperature.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("temperature divides every logit, and keeps what is excluded") {
  CHECK(applied(temperature(0.5f), {1, -2, -inf, 0}) == std::vector<float>{2, -4, -inf, 0});
  CHECK(applied(temperature(1), {1, -2, 3}) == std::vector<float>{1, -2, 3});
}

TEST_CASE("temperatures that are not finite and positive are refused") {
  for (const float t : {0.0f, -1.0f, inf, std::nanf("")})
    CHECK(kind_of_error([&] { (void)temperature(t); }) == ErrorKind::argument);
}
