#include "weft/sample/softmax.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("log_softmax is within 2e-6 of a double computation, whatever the size and the shape") {
  for (std::size_t n : {1u, 2u, 3u, 4u, 5u, 63u, 64u, 65u, 1000u, 49152u})
    for (int shape = 0; shape < static_cast<int>(Shape::count); ++shape) {
      auto logits = random_logits(3 + n, n, static_cast<Shape>(shape));
      if (*std::max_element(logits.begin(), logits.end()) == -inf) continue;
      const auto expected = plain_softmax(logits);
      log_softmax(logits);
      for (std::size_t i = 0; i < n; ++i) {
        if (expected[i] == 0)
          REQUIRE(logits[i] == -inf);
        else
          REQUIRE(std::abs(static_cast<double>(logits[i]) - std::log(expected[i])) <= 2e-6 * std::max(1.0, -std::log(expected[i])));
      }
    }
}

TEST_CASE("the exponential is within 3e-7 of the exact one over its whole range, and 0 below it") {
  for (double x = 0; x > -87; x -= 0.01371)
    REQUIRE(static_cast<double>(detail::exp_weight(static_cast<float>(x), 0)) ==
            doctest::Approx(std::exp(static_cast<double>(static_cast<float>(x)))).epsilon(3e-7));
  CHECK(detail::exp_weight(-88, 0) == 0);
  CHECK(detail::exp_weight(-inf, 0) == 0);
  CHECK(detail::exp_weight(5, 5) == 1);
}

TEST_CASE("infinite logits share all probability") {
  std::vector<float> logits{1, inf, 0, inf};
  log_softmax(logits);
  CHECK(logits[1] == doctest::Approx(std::log(0.5)));
  CHECK(logits[3] == logits[1]);
  CHECK(logits[0] == -inf);
}

TEST_CASE("NaN is refused with the place where it stands") {
  for (std::size_t n : {1u, 5u, 64u, 100u})
    for (std::size_t at = 0; at < n; ++at) {
      auto logits = random_logits(1, n, Shape::smooth);
      logits[at] = std::nanf("");
      try {
        log_softmax(logits);
        FAIL("accepted");
      } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::argument);
        CHECK(std::string(error.what()).find("logits[" + std::to_string(at) + "] is NaN") != std::string::npos);
      }
    }
}

TEST_CASE("eight lanes give the bits of four, and the entropy is that of a plain sum") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto logits = random_logits(seed, 64 * 4, static_cast<Shape>(seed % 5));
    const float max = *std::max_element(logits.begin(), logits.end());
    detail::Spread four, any;
    for (std::size_t i = 0; i < logits.size(); i += 64) {
      REQUIRE(detail::exp_sum_block(&logits[i], max) == detail::base::exp_sum_block(&logits[i], max));
      detail::add_spread_block(&logits[i], max, any);
      detail::base::add_spread_block(&logits[i], max, four);
    }
    REQUIRE(any.weight == four.weight);
    REQUIRE(any.mean == four.mean);
    double entropy = 0;
    for (const double p : plain_softmax(logits)) entropy -= p > 0 ? p * std::log(p) : 0;
    REQUIRE(detail::spread_of(logits, max).entropy() == doctest::Approx(entropy).epsilon(1e-5));
  }
}

TEST_CASE("scans by lanes find what a plain loop finds, at every length") {
  for (std::size_t n = 0; n < 23; ++n) {
    const auto logits = random_logits(n, n, Shape::excluded_mostly);
    std::vector<std::size_t> expected, found;
    for (std::size_t i = 0; i < n; ++i)
      if (logits[i] > -inf) expected.push_back(i);
    const auto gone = detail::all_lanes(-inf);
    detail::for_each_lane(logits, [&](detail::Lanes x) { return x > gone; }, [&](std::size_t i) { found.push_back(i); });
    CHECK(found == expected);
    CHECK(detail::count_left(logits) == expected.size());
    auto cut = logits;
    detail::exclude_below(cut, 4);
    for (std::size_t i = 0; i < n; ++i) CHECK(cut[i] == (logits[i] < 4 ? -inf : logits[i]));
  }
}
