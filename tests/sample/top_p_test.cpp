#include "weft/sample/top_p.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("top-p keeps the smallest set of a full sort that reaches p") {
  for (std::uint64_t seed = 0; seed < 250; ++seed) {
    const std::size_t n = 1 + seed * 13 % 900;
    const auto logits = random_logits(seed, n, static_cast<Shape>(seed % 5));
    if (*std::max_element(logits.begin(), logits.end()) == -inf) continue;
    const auto order = ranking(logits);
    const auto probabilities = plain_softmax(logits);
    for (const float p : {0.013f, 0.37f, 0.5003f, 0.9f, 0.953f, 0.9997f}) {
      const auto kept = applied(top_p(p), logits);
      double before = 0;  // probability of all better tokens
      for (std::size_t r = 0; r < n; ++r) {
        const bool survives = kept[order[r]] != -inf;
        const bool excluded_already = logits[order[r]] == -inf;
        // sums that come within rounding of p may fall either way
        if (!excluded_already && std::abs(before - static_cast<double>(p)) > 1e-6) REQUIRE(survives == (before < static_cast<double>(p)));
        if (survives) REQUIRE(kept[order[r]] == logits[order[r]]);
        before += probabilities[order[r]];
      }
    }
  }
}

TEST_CASE("a nucleus that is a large part of a vocabulary is that of a sort, too, wherever its border lies") {
  for (const float spread : {0.3f, 1.0f, 2.5f, 6.0f})
    for (const float p : {0.3f, 0.8f, 0.95f, 0.9999f}) {
      const std::size_t n = 9000;
      std::vector<float> logits(n);
      for (std::size_t i = 0; i < n; ++i)  // about normal; one far above the others or none
        logits[i] = spread * static_cast<float>(uniform(1, 2, 3 * i) + uniform(1, 2, 3 * i + 1) + uniform(1, 2, 3 * i + 2)) * 2;
      if (spread == 2.5f) logits[17] += 12;
      const auto kept = applied(top_p(p), logits);
      const auto order = ranking(logits);
      const auto probabilities = plain_softmax(logits);
      double before = 0;
      for (std::size_t r = 0; r < n; ++r) {
        if (std::abs(before - static_cast<double>(p)) > 1e-6) REQUIRE((kept[order[r]] != -inf) == (before < static_cast<double>(p)));
        before += probabilities[order[r]];
      }
    }
}

TEST_CASE("ties at the border of a nucleus stay in order of id, and one token always survives") {
  CHECK(applied(top_p(0.5f), {2, 2, 2, 2}) == std::vector<float>{2, 2, -inf, -inf});
  CHECK(applied(top_p(1e-6f), {1, 3, 3}) == std::vector<float>{-inf, 3, -inf});
  CHECK(applied(top_p(0.5f), {-5}) == std::vector<float>{-5});
}

TEST_CASE("top-p of 1 keeps all, also what has no weight in floating point") {
  CHECK(applied(top_p(1), {0, -200, -inf}) == std::vector<float>{0, -200, -inf});
}

TEST_CASE("an infinite logit is the whole nucleus") {
  CHECK(applied(top_p(0.9f), {0, inf, 5}) == std::vector<float>{-inf, inf, -inf});
}

TEST_CASE("top-p outside (0, 1] is refused, and NaN is named") {
  for (const float p : {0.0f, -0.5f, 1.0001f, std::nanf("")})
    CHECK(kind_of_error([&] { (void)top_p(p); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { applied(top_p(0.5f), {0, std::nanf("")}); }) == ErrorKind::argument);
}
