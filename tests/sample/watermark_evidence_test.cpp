#include "weft/sample/watermark_evidence.hpp"

#include <doctest/doctest.h>

using namespace weft;

TEST_CASE("the p-value is the binomial tail, also where it is far out and where n is great") {
  // by hand: (1 + 4 + 6) / 16, 1/16
  CHECK(detail::binomial_tail(4, 2, 0.5) == doctest::Approx(11.0 / 16));
  CHECK(detail::binomial_tail(4, 4, 0.5) == doctest::Approx(1.0 / 16));
  CHECK(detail::binomial_tail(4, 0, 0.5) == 1);
  CHECK(detail::binomial_tail(10, 10, 0.25) == doctest::Approx(std::pow(0.25, 10)));
  // half of a symmetric distribution, and the middle term: 0.5 + C(n, n/2) / 2^(n+1) with Stirling
  const double n = 100000;
  CHECK(detail::binomial_tail(100000, 50000, 0.5) ==
        doctest::Approx(0.5 + 0.5 * std::sqrt(2 / (3.141592653589793 * n))).epsilon(1e-7));
  CHECK(detail::binomial_tail(2000, 1, 0.25) == doctest::Approx(1));
}

TEST_CASE("no trials are no evidence") {
  const auto none = detail::evidence_of(0, 0, 0.25);
  CHECK(none.z_score == 0);
  CHECK(none.p_value == 1);
}
