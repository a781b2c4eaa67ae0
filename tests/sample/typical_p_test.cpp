#include "weft/sample/typical_p.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("typical-p keeps the tokens closest to the entropy, in a full sort, until they reach the mass") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const std::size_t n = 1 + seed * 13 % 700;
    const auto logits = random_logits(seed, n, static_cast<Shape>(seed % 5));
    if (*std::max_element(logits.begin(), logits.end()) == -inf) continue;
    const auto p = plain_softmax(logits);
    double entropy = 0;
    for (const double x : p) entropy -= x > 0 ? x * std::log(x) : 0;
    std::vector<float> closeness;
    for (const double x : p) closeness.push_back(x > 0 ? -static_cast<float>(std::abs(-std::log(x) - entropy)) : -inf);
    const auto order = ranking(closeness);
    for (const float mass : {0.013f, 0.37f, 0.9003f, 0.9997f}) {
      const auto kept = applied(typical_p(mass), logits);
      double before = 0;
      bool sure = true;  // once rounding may have decided, so may it for all that are as close
      for (std::size_t r = 0; r < n && p[order[r]] > 0; ++r) {
        const float gap = r == 0 ? 1 : closeness[order[r - 1]] - closeness[order[r]];
        if (gap > 1e-4f) sure = std::abs(before - static_cast<double>(mass)) > 1e-5;
        if (gap > 1e-4f && sure) REQUIRE((kept[order[r]] != -inf) == (before < static_cast<double>(mass)));
        before += p[order[r]];
      }
    }
  }
}

TEST_CASE("of flat logits typical-p keeps all, of a lone infinite one it keeps that") {
  CHECK(applied(typical_p(0.2f), {1, 1, 1}) == std::vector<float>{1, 1, 1});
  CHECK(applied(typical_p(0.2f), {1, inf, 1}) == std::vector<float>{-inf, inf, -inf});
}

TEST_CASE("a mass outside (0, 1) is refused, and NaN in the logits too") {
  for (const float mass : {0.0f, 1.0f, -1.0f, std::nanf("")})
    CHECK(kind_of_error([&] { (void)typical_p(mass); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { applied(typical_p(0.5f), {0, std::nanf("")}); }) == ErrorKind::argument);
}
