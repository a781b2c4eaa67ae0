#include "weft/sample/select.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("the greatest n are those of a full sort, best first, equals by lower id, excluded ones never") {
  std::vector<detail::Ranked> best;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const std::size_t size = 1 + seed * 11 % 700;
    const auto logits = random_logits(seed, size, static_cast<Shape>(seed % 5));
    const auto order = ranking(logits);
    for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{3}, std::size_t{64}, size, size + 5}) {
      detail::greatest_n(logits, n, best);
      std::size_t expected = 0;
      while (expected < std::min(n, size) && logits[order[expected]] != -inf) ++expected;
      REQUIRE(best.size() == expected);
      for (std::size_t i = 0; i < expected; ++i) REQUIRE(best[i].id == static_cast<Token>(order[i]));
    }
  }
}

TEST_CASE("ascending logits, the worst case of the scan, are selected rightly") {
  std::vector<float> logits(5000), buffer;
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>(i);
  CHECK(detail::kth_greatest(logits, 1, buffer) == 4999);
  CHECK(detail::kth_greatest(logits, 100, buffer) == 4900);
  std::vector<detail::Ranked> best;
  detail::greatest_n(logits, 3, best);
  CHECK(best[2].id == 4997);
}
