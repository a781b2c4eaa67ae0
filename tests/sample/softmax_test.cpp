#include "weft/sample/softmax.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support.hpp"
#include "weft/sample/four_lanes.inl"

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

TEST_CASE("the exponential is that of an argument a quarter of a bit off, over its whole range, and 0 below it") {
  for (float x = 0; x > -87; x -= 0.01371f)
    REQUIRE(static_cast<double>(detail::exp_weight(x, 0)) ==
            doctest::Approx(std::exp(static_cast<double>(x))).epsilon(2e-7 + 1.5e-8 * std::abs(static_cast<double>(x))));
  CHECK(detail::exp_weight(-89, 0) == 0);
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

TEST_CASE("wide lanes give the bits of four, and the moments are those of plain sums") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto logits = random_logits(seed, 256 * 4, static_cast<Shape>(seed % 5));
    const float max = *std::max_element(logits.begin(), logits.end());
    detail::Moments narrow, wide;
    detail::add_moments_blocks(logits.data(), 4, max, wide);
    detail::base::add_moments_blocks(logits.data(), 4, max, narrow);
    REQUIRE(wide.count == narrow.count);
    REQUIRE(wide.sum == narrow.sum);
    REQUIRE(wide.squares == narrow.squares);
    std::vector<double> sums(4), others(4);
    REQUIRE(detail::exp_sum_blocks(logits.data(), 4, max, 1, sums.data()) == detail::base::exp_sum_blocks(logits.data(), 4, max, 1, others.data()));
    REQUIRE(sums == others);
    std::vector<float> weights(64), weights_of_four(64);
    detail::exp_scan(logits.data(), max, weights.data());
    detail::base::exp_scan(logits.data(), max, weights_of_four.data());
    REQUIRE(weights == weights_of_four);
    for (std::size_t i = 0; i < 64; ++i) REQUIRE(weights[i] == detail::exp_weight(logits[i], max));
    for (const float bound : {-inf, 0.0f, 2.5f, max})
      REQUIRE(detail::weight_from(logits.data(), weights.data(), 64, bound) == detail::base::weight_from(logits.data(), weights.data(), 64, bound));
    for (const double mass : {0.0, 0.1, 1.0, 3.0, 1e9})
      REQUIRE(detail::mass_bound(logits.data(), weights.data(), 64, mass) == detail::base::mass_bound(logits.data(), weights.data(), 64, mass));
    double count = 0, sum = 0;
    for (const float x : logits)
      if (x > -inf) count += 1, sum += static_cast<double>(x) - static_cast<double>(max);
    REQUIRE(wide.count == count);
    REQUIRE(wide.sum == doctest::Approx(sum).epsilon(1e-5));
  }
}

TEST_CASE("scans by blocks find what a plain loop finds, at every length") {
  for (std::size_t n = 0; n < 900; n += n < 70 || (n > 250 && n < 260) ? 1 : 13)
    for (const Shape shape : {Shape::excluded_mostly, Shape::tied, Shape::smooth}) {
      const auto logits = random_logits(n, n, shape);
      for (const float bound : {-inf, 0.0f, 3.0f, 5.5f, 20.0f}) {
        std::vector<std::size_t> expected, found;
        for (std::size_t i = 0; i < n; ++i)
          if (logits[i] > bound) expected.push_back(i);
        detail::for_each_above(logits, bound, [&](std::size_t i) { found.push_back(i); });
        CHECK(found == expected);
        auto below = logits, outside = logits;
        detail::exclude_below(below, bound);
        for (std::size_t i = 0; i < n; ++i) CHECK(below[i] == (logits[i] < bound ? -inf : logits[i]));
        if (std::isinf(bound)) continue;
        detail::exclude_outside(outside, bound, 0.5f);
        for (std::size_t i = 0; i < n; ++i) CHECK(outside[i] == (std::fabs(logits[i] - bound) > 0.5f ? -inf : logits[i]));
      }
      const auto left = static_cast<std::size_t>(std::count_if(logits.begin(), logits.end(), [](float x) { return x > -inf; }));
      CHECK(detail::count_left(logits) == left);
    }
}

TEST_CASE("with a list of what is left all is as without one, to the bit") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    auto logits = random_logits(seed, 256 * 9 + seed % 256, static_cast<Shape>(seed % 5));
    for (std::size_t i = 0; i < logits.size(); ++i)
      if (i / 256 % 4 == seed % 4) logits[i] -= 30;
    auto listed = logits;
    detail::Live live;
    for (const float border : {-40.0f, -20.0f, 0.0f, 2.0f}) {
      detail::exclude_below(logits, border);
      detail::exclude_below(listed, border, &live);
      auto written = listed;  // what leaves the list need not be
      auto list = live;
      detail::write_excluded(written, list);
      REQUIRE(written == logits);
      const float max = detail::greatest(logits);
      REQUIRE(detail::greatest(listed, &live) == max);
      if (max == -inf) continue;
      REQUIRE(detail::exp_sum(listed, max, &live) == detail::exp_sum(logits, max));
      REQUIRE(detail::moments_of(listed, max, &live).squares == detail::moments_of(logits, max).squares);
      REQUIRE(detail::count_left(listed, &live) == detail::count_left(logits));
      std::vector<std::size_t> all, left;
      const float bound = -inf;
      detail::for_each_above(logits, bound, [&](std::size_t i) { all.push_back(i); });
      detail::for_each_above(listed, bound, [&](std::size_t i) { left.push_back(i); }, &live);
      REQUIRE(left == all);
    }
  }
}

TEST_CASE("a bound that rises while a scan goes on skips what is below it from then on") {
  std::vector<float> logits(400);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>(i * 37 % 400);
  float bound = -inf;
  std::vector<float> seen;
  detail::for_each_above(logits, bound, [&](std::size_t i) {
    seen.push_back(logits[i]);
    bound = logits[i];
  });
  CHECK(std::is_sorted(seen.begin(), seen.end()));
  CHECK(seen.back() == 399);
}
