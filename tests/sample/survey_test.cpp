#include "weft/sample/survey.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <string>

#include "support.hpp"
#include "weft/sample/four_lanes.inl"
#include "weft/sample/select.hpp"

using namespace weft;
using namespace weft::test;

namespace {

/// Logits of every shape, moved up or down, some of them far below the others.
std::vector<float> shifted_logits(std::uint64_t seed, std::size_t n, float by) {
  auto logits = random_logits(seed, n, static_cast<Shape>(seed % 5));
  for (std::size_t i = 0; i < n; ++i) logits[i] += by - (i % 7 == 3 ? static_cast<float>(seed % 120) : 0.0f);
  return logits;
}

}  // namespace

TEST_CASE("weights, means and entropies are those of a double computation, wherever the greatest logit lies") {
  for (std::uint64_t seed = 0; seed < 100; ++seed)
    for (const float by : {0.0f, 20.0f, -35.0f, 90.0f, -300.0f, 1e6f}) {
      const auto logits = shifted_logits(seed, 1 + seed * 29, by);
      const double max = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
      if (std::isinf(max)) continue;
      double weight = 0, mean = 0;
      std::size_t left = 0;
      for (const float x : logits) {
        if (x == -inf) continue;
        const double d = static_cast<double>(x) - max;
        weight += std::exp(d), mean += d * std::exp(d), ++left;
      }
      const detail::Survey survey(logits, nullptr, detail::Look::spread), weights(logits, nullptr, detail::Look::weights);
      REQUIRE(survey.max == static_cast<float>(max));
      const double bits = survey.base == 0 ? 6e-8 * std::abs(max) : 0;  // that logits are rounded to
      REQUIRE(std::abs(survey.log_weight() - std::log(weight)) < 4e-7 * (1 + std::log(weight)) + bits);
      REQUIRE(weights.weight == survey.weight);
      const double close = 1e-5 + 20 * bits;
      REQUIRE(survey.mean == doctest::Approx(mean / weight).epsilon(close));
      REQUIRE(survey.entropy() == doctest::Approx(std::log(weight) - mean / weight).epsilon(close));
      REQUIRE(survey.count_left() == left);
    }
}

TEST_CASE("wide lanes weigh, find peaks and take as four do, to the bit, denormal weights and excluded logits included") {
  for (std::uint64_t seed = 0; seed < 300; ++seed)
    for (const float base : {0.0f, 15.0f})
      for (const bool with_mean : {false, true}) {
        auto logits = shifted_logits(seed, 256 * 4, -static_cast<float>(seed % 3 * 45));
        if (seed % 9 == 0) std::fill_n(logits.begin() + 256, 256, -inf);
        std::vector<float> peaks(64), others(64);
        detail::Weighed wide, four;
        const float max = detail::weigh_blocks(logits.data(), 4, base, peaks.data(), with_mean, wide);
        REQUIRE(detail::base::weigh_blocks(logits.data(), 4, base, others.data(), with_mean, four) == max);
        REQUIRE(wide.weight == four.weight);
        REQUIRE(wide.mean == four.mean);
        REQUIRE(wide.partial == four.partial);
        REQUIRE(peaks == others);
        bool broken = false;
        REQUIRE(detail::peaks_of(logits.data(), 4, peaks.data(), broken) == max);
        REQUIRE(!broken);
        REQUIRE(peaks == others);
        std::vector<float> weights(1024), weights_of_four(1024);
        detail::weigh(logits.data(), 1024, base, weights.data());
        detail::base::weigh(logits.data(), 1024, base, weights_of_four.data());
        REQUIRE(std::memcmp(weights.data(), weights_of_four.data(), 4096) == 0);
        std::vector<std::uint32_t> list(17 * 4), list_of_four(17 * 4);
        const std::size_t listed = detail::list_above(logits.data(), 4, peaks.data(), max - 3, list.data());
        REQUIRE(detail::base::list_above(logits.data(), 4, peaks.data(), max - 3, list_of_four.data()) == listed);
        for (std::size_t i = 0; i < listed; ++i) REQUIRE(list[i] == list_of_four[i]);
        std::vector<float> values(1040), values_of_four(1040);
        std::vector<Token> ids(1040), ids_of_four(1040);
        const std::size_t n = detail::take_above(logits.data(), list.data(), listed, max - 3, max, 5, values.data(), ids.data());
        REQUIRE(n == static_cast<std::size_t>(std::count_if(logits.begin(), logits.end(), [&](float x) { return x > max - 3; })));
        REQUIRE(detail::base::take_above(logits.data(), list.data(), listed, max - 3, max, 5, values_of_four.data(), ids_of_four.data()) == n);
        for (std::size_t i = 0; i < n; ++i) {
          REQUIRE(values[i] == values_of_four[i]);
          REQUIRE(ids[i] == ids_of_four[i]);
          REQUIRE(values[i] == logits[static_cast<std::size_t>(ids[i] - 5)]);
        }
      }
}

TEST_CASE("with a list of what is left a survey is as without one, to the bit") {
  for (std::uint64_t seed = 0; seed < 100; ++seed)
    for (const detail::Look look : {detail::Look::peaks, detail::Look::weights, detail::Look::spread}) {
      auto logits = shifted_logits(seed, 256 * 9 + seed % 256, seed % 2 == 0 ? 0.0f : 100.0f);
      detail::Live live;
      detail::exclude_below(logits, seed % 2 == 0 ? 2.0f : 103.0f, &live);
      const detail::Survey listed(logits, &live, look);
      auto written = logits;
      detail::write_excluded(written, live);
      const detail::Survey all(written, nullptr, look);
      REQUIRE(all.max == listed.max);
      if (std::isinf(all.max)) continue;
      REQUIRE(all.base == listed.base);
      REQUIRE(all.weight == listed.weight);
      REQUIRE(all.mean == listed.mean);
      if (look == detail::Look::spread) REQUIRE(all.count_left() == listed.count_left());
      detail::Candidates one, other;
      one.take(all, all.max - 4);
      other.take(listed, all.max - 4);
      REQUIRE(one.size() == other.size());
      REQUIRE(one.weight() == other.weight());
      for (std::size_t i = 0; i < one.size(); ++i) {
        REQUIRE(one.id(i) == other.id(i));
        REQUIRE(one.value(i) == other.value(i));
        REQUIRE(one.value(i) == logits[static_cast<std::size_t>(one.id(i))]);
      }
    }
}

TEST_CASE("a survey refuses NaN, by its place, beside infinite logits, too") {
  for (const float other : {0.0f, inf, -inf, 200.0f})
    for (const std::size_t at : {0u, 300u, 599u})
      for (const detail::Look look : {detail::Look::peaks, detail::Look::weights, detail::Look::spread}) {
        std::vector<float> logits(600, 1.0f);
        logits[17] = other;
        logits[at] = std::nanf("");
        try {
          const detail::Survey survey(logits, nullptr, look);
          FAIL("accepted");
        } catch (const Error& error) {
          CHECK(std::string(error.what()).find("logits[" + std::to_string(at) + "] is NaN") != std::string::npos);
        }
      }
}

TEST_CASE("the k-th greatest and the greatest n of a survey are those of a sort, at every size") {
  detail::Candidates candidates;
  std::vector<detail::Ranked> best;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const std::size_t size = seed < 50 ? 1 + seed * 31 : 49152 + seed;
    const auto logits = random_logits(seed, size, static_cast<Shape>(seed % 5));
    const auto order = ranking(logits);
    const detail::Survey survey(logits, nullptr, detail::Look::peaks);
    if (survey.max == -inf) continue;
    for (const std::size_t k : {std::size_t{1}, std::size_t{7}, std::size_t{40}, std::size_t{1000}, size / 2 + 1, size}) {
      if (k > size) continue;
      REQUIRE(candidates.kth(survey, k) == logits[order[k - 1]]);
      if (size > 49152 && k <= 1000 && seed % 5 == 0) REQUIRE(candidates.size() <= k + k / 2 + 16);
      candidates.rank(survey, k, best);
      std::size_t expected = 0;
      while (expected < k && logits[order[expected]] != -inf) ++expected;
      REQUIRE(best.size() == expected);
      for (std::size_t i = 0; i < expected; ++i) REQUIRE(best[i].id == static_cast<Token>(order[i]));
    }
  }
}
