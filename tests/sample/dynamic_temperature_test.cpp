#include "weft/sample/dynamic_temperature.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE(
    "a flat distribution has the highest temperature, a certain one the lowest, and no range is a fixed temperature") {
  CHECK(applied(dynamic_temperature(1, 0.5f), {3, 3, 3, -inf})[0] == doctest::Approx(2));
  CHECK(applied(dynamic_temperature(1, 0.5f), {100, 0, 0})[0] == doctest::Approx(200));
  const auto logits = random_logits(3, 50, Shape::smooth);
  CHECK(applied(dynamic_temperature(0.7f, 0), logits) == applied(temperature(0.7f), logits));
}

TEST_CASE("a temperature that falls to 0 leaves the best token, of equals the first") {
  CHECK(applied(dynamic_temperature(1, 1), {0, 100, 1}) == std::vector<float>{-inf, 100, -inf});
  CHECK(applied(dynamic_temperature(1, 2, 1000), {0, 5, 5}) == std::vector<float>{-inf, 5, -inf});
}

TEST_CASE("ranges and exponents below 0, and temperatures that are not positive, are refused") {
  CHECK(kind_of_error([] { (void)dynamic_temperature(0, 1); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)dynamic_temperature(1, -1); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)dynamic_temperature(1, 1, -1); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)dynamic_temperature(inf, 1); }) == ErrorKind::argument);
}
