#include "weft/sample/top_k.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("top-k keeps exactly the logits that reach the k-th of a full sort") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const std::size_t n = 1 + seed * 7 % 300;
    const auto logits = random_logits(seed, n, static_cast<Shape>(seed % 5));
    for (const std::size_t k : {std::size_t{1}, std::size_t{2}, std::size_t{5}, std::size_t{40}, n / 2 + 1, n, n + 3}) {
      const auto kept = applied(top_k(static_cast<std::int64_t>(k)), logits);
      const float border = k >= n ? -inf : logits[ranking(logits)[k - 1]];
      for (std::size_t i = 0; i < n; ++i) REQUIRE(kept[i] == (logits[i] >= border ? logits[i] : -inf));
    }
  }
}

TEST_CASE("top-k keeps all that equal the k-th") {
  CHECK(applied(top_k(2), {3, 1, 2, 2, 2}) == std::vector<float>{3, -inf, 2, 2, 2});
}

TEST_CASE("top-k of less than one is refused, of more than the vocabulary keeps all") {
  CHECK(kind_of_error([] { (void)top_k(0); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)top_k(-3); }) == ErrorKind::argument);
  CHECK(applied(top_k(std::numeric_limits<std::int64_t>::max()), {1, 2}) == std::vector<float>{1, 2});
}
