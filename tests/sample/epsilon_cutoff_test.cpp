#include "weft/sample/epsilon_cutoff.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("epsilon cutoff keeps probabilities from epsilon up, and the best") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto logits = random_logits(seed, 200, static_cast<Shape>(seed % 4));
    const auto p = plain_softmax(logits);
    const double best = *std::max_element(p.begin(), p.end());
    for (const float epsilon : {1e-5f, 3e-3f, 0.9f}) {
      const auto kept = applied(epsilon_cutoff(epsilon), logits);
      for (std::size_t i = 0; i < p.size(); ++i)
        if (std::abs(p[i] / static_cast<double>(epsilon) - 1) > 1e-5)
          REQUIRE((kept[i] != -inf) == (p[i] >= static_cast<double>(epsilon) || p[i] == best));
    }
  }
}

TEST_CASE("epsilon outside (0, 1) is refused") {
  for (const float e : {0.0f, 1.0f, -1.0f, std::nanf("")})
    CHECK(kind_of_error([&] { (void)epsilon_cutoff(e); }) == ErrorKind::argument);
}
