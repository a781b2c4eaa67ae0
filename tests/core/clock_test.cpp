#include "weft/core/clock.hpp"

#include <doctest/doctest.h>

TEST_CASE("the clock never goes back") {
  double last = weft::seconds_now();
  for (int i = 0; i < 100000; ++i) {
    const double now = weft::seconds_now();
    REQUIRE(now >= last);
    last = now;
  }
}
