#include "weft/core/philox.hpp"

#include <doctest/doctest.h>

#include <set>

using weft::philox4x32;
using weft::uniform;

TEST_CASE("Philox4x32-10 gives the published known answers of Random123") {
  using Words = std::array<std::uint32_t, 4>;
  CHECK(philox4x32({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("a draw is a function of seed, branch and step, all 64 bits of each") {
  static_assert(uniform(1, 2, 3) == uniform(1, 2, 3));
  std::set<double> seen;
  for (std::uint64_t bit = 0; bit < 64; ++bit) {
    seen.insert(uniform(std::uint64_t{1} << bit, 0, 0));
    seen.insert(uniform(0, std::uint64_t{1} << bit, 0));
    seen.insert(uniform(0, 0, std::uint64_t{1} << bit));
  }
  CHECK(seen.size() == 3 * 64);
}

TEST_CASE("uniform numbers lie in [0, 1), their mean is 1/2 and their variance 1/12") {
  // 10^5 draws: standard deviation of the mean 9.1e-4, of the variance 2.4e-4; bounds are five of them
  double sum = 0, squares = 0;
  constexpr int n = 100000;
  for (std::uint64_t i = 0; i < n; ++i) {
    const double u = uniform(42, i % 7, i);
    REQUIRE(u >= 0);
    REQUIRE(u < 1);
    sum += u;
    squares += u * u;
  }
  const double mean = sum / n;
  CHECK(mean == doctest::Approx(0.5).epsilon(0.0092));
  CHECK(squares / n - mean * mean == doctest::Approx(1.0 / 12).epsilon(0.0145));
}
