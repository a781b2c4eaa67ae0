#include "weft/sample/select.hpp"

#include <doctest/doctest.h>

#include <functional>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("the greatest n are those of a full sort, best first, equals by lower id, excluded ones never") {
  detail::Greatest greatest;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const std::size_t size = 1 + seed * 11 % 700;
    const auto logits = random_logits(seed, size, static_cast<Shape>(seed % 5));
    const auto order = ranking(logits);
    for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{3}, std::size_t{64}, size, size + 5}) {
      const auto best = greatest.find(logits, n);
      std::size_t expected = 0;
      while (expected < std::min(n, size) && logits[order[expected]] != -inf) ++expected;
      REQUIRE(best.size() == expected);
      for (std::size_t i = 0; i < expected; ++i) REQUIRE(best[i].id == static_cast<Token>(order[i]));
    }
  }
}

TEST_CASE("ascending logits, the worst case of the scan, are selected rightly") {
  std::vector<float> logits(5000);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>(i);
  const detail::Survey survey(logits, nullptr, detail::Look::peaks);
  detail::Candidates candidates;
  CHECK(candidates.kth(survey, 1) == 4999);
  CHECK(candidates.kth(survey, 100) == 4900);
  detail::Greatest greatest;
  CHECK(greatest.find(logits, 3)[2].id == 4997);
}

TEST_CASE("the k-th greatest is that of a sort, at every size, and the bound that is looked for first lets k pass and few more") {
  detail::Candidates candidates;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const std::size_t size = seed < 50 ? 1 + seed * 31 : 49152 + seed;
    const auto logits = random_logits(seed, size, static_cast<Shape>(seed % 5));
    auto sorted = logits;
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    const detail::Survey survey(logits, nullptr, detail::Look::peaks);
    for (const std::size_t k : {std::size_t{1}, std::size_t{7}, std::size_t{40}, std::size_t{1000}, size / 2 + 1, size}) {
      if (k > size) continue;
      REQUIRE(candidates.kth(survey, k) == sorted[k - 1]);
      const float bound = survey.bound_of(k);
      const auto above = static_cast<std::size_t>(std::count_if(logits.begin(), logits.end(), [bound](float x) { return x > bound; }));
      if (sorted[k - 1] > -inf) REQUIRE(above >= k);
      if (size > 49152 && k <= 1000 && seed % 5 == 0) REQUIRE(above <= k + k / 2 + 16);
    }
  }
}

TEST_CASE("the border of a mass is that of a sum from the best down, and of equals the lowest ids are in") {
  detail::Candidates candidates;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto logits = random_logits(seed, 1 + seed * 37 % 5000, static_cast<Shape>(seed % 5));
    const float max = *std::max_element(logits.begin(), logits.end());
    if (max == -inf) continue;
    const auto order = ranking(logits);
    for (const double share : {0.01, 0.3, 0.77, 0.99, 2.0}) {
      const detail::Survey survey(logits, nullptr, detail::Look::weights);
      candidates.take(survey, -inf);
      REQUIRE(candidates.size() == detail::count_left(logits));
      const double mass = share * candidates.weight();
      double sum = 0;
      std::size_t last = 0;
      for (std::size_t i = 0; i < candidates.size() && sum < mass * (1 - 1e-6); ++i) sum += std::exp(static_cast<double>(logits[last = order[i]]));
      const auto border = candidates.border(mass, -20, max);
      REQUIRE(border.last.value == logits[last]);
      REQUIRE(border.last.id == static_cast<Token>(last));
      bool tied = false;
      for (std::size_t i = last + 1; i < logits.size(); ++i) tied = tied || logits[i] == logits[last];
      REQUIRE(border.tied == tied);
    }
  }
}
