#include "weft/sample/top_h.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("top-h of 1 keeps the 100 best, of little keeps the best alone") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto logits = random_logits(seed, 300, Shape::smooth);
    const auto order = ranking(logits);
    const auto all = applied(top_h(1), logits), one = applied(top_h(1e-6f), logits);
    for (std::size_t r = 0; r < order.size(); ++r) {
      REQUIRE((all[order[r]] != -inf) == (r < 100));
      REQUIRE((one[order[r]] != -inf) == (r == 0));
    }
  }
}

TEST_CASE("a larger share keeps at least what a smaller one keeps; ties at the border stay in order of id") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto logits = random_logits(seed, 80, static_cast<Shape>(seed % 4));
    const auto few = applied(top_h(0.3f), logits), more = applied(top_h(0.6f), logits);
    for (std::size_t i = 0; i < logits.size(); ++i) CHECK((few[i] == -inf || more[i] != -inf));
  }
  CHECK(applied(top_h(0.5f), {2, 2, 2, 2}) == std::vector<float>{2, 2, -inf, -inf});
}

TEST_CASE("a share outside (0, 1] is refused") {
  for (const float h : {0.0f, 1.1f, -1.0f, std::nanf("")})
    CHECK(kind_of_error([&] { (void)top_h(h); }) == ErrorKind::argument);
}
