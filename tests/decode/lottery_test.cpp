#include "weft/decode/lottery.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "support/errors.hpp"
#include "weft/core/log_prob.hpp"

using namespace weft;

TEST_CASE("a number draws the token whose part of what is left it falls into, and no token twice") {
  constexpr float never = -std::numeric_limits<float>::infinity();
  std::uint64_t draws = 0;
  const auto random = [&] { return uniform(5, 6, draws++); };
  detail::Lottery lottery;
  for (const std::size_t vocab : {1u, 2u, 255u, 1000u}) {
    CAPTURE(vocab);
    std::vector<float> values(vocab);
    for (auto& x : values) x = random() < 0.3 ? never : static_cast<float>(20 * random() - 10);
    values[vocab / 2] = 3;
    lottery.fill(values);
    while (true) {
      const double whole = log_sum_exp(values);
      if (whole == never) break;
      CHECK(lottery.log_weight() == doctest::Approx(whole).epsilon(1e-5));
      const double u = draws % 5 == 0 ? 0 : draws % 5 == 1 ? std::nextafter(1.0, 0.0) : random();
      const auto won = lottery.draw(u);
      const auto at = static_cast<std::size_t>(won.id);
      REQUIRE(at < vocab);
      REQUIRE(values[at] != never);
      CHECK(won.value == values[at]);
      double below = 0;
      for (std::size_t i = 0; i < at; ++i) below += std::exp(static_cast<double>(values[i]) - whole);
      CHECK(below <= u + 1e-5);
      CHECK(below + std::exp(static_cast<double>(values[at]) - whole) >= u - 1e-5);
      values[at] = never;
    }
    CHECK(lottery.log_weight() == -HUGE_VAL);
  }
}

TEST_CASE("a NaN among the weights is refused with its place") {
  detail::Lottery lottery;
  CHECK(test::contains(test::message_of([&] { lottery.fill(std::vector<float>{1, 2, NAN, 4}); }), "2"));
}
