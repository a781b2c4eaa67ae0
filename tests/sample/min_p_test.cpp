#include "weft/sample/min_p.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("min-p keeps tokens that are at least p times as likely as the best") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto logits = random_logits(seed, 200, static_cast<Shape>(seed % 4));
    const auto probabilities = plain_softmax(logits);
    const double best = *std::max_element(probabilities.begin(), probabilities.end());
    for (const float p : {0.0f, 0.013f, 0.1f, 0.51f, 1.0f}) {
      const auto kept = applied(min_p(p), logits);
      for (std::size_t i = 0; i < logits.size(); ++i)
        if (p == 1.0f || std::abs(probabilities[i] / best - static_cast<double>(p)) > 1e-6)
          REQUIRE((kept[i] != -inf) == (probabilities[i] >= static_cast<double>(p) * best));
    }
  }
}

TEST_CASE("min-p outside [0, 1] is refused") {
  for (const float p : {-0.1f, 1.1f, std::nanf("")})
    CHECK(kind_of_error([&] { (void)min_p(p); }) == ErrorKind::argument);
}
