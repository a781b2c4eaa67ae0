#include "weft/sample/eta_cutoff.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("eta cutoff falls with the entropy: a flat distribution keeps what a peaked one loses") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto logits = random_logits(seed, 300, static_cast<Shape>(seed % 4));
    const auto p = plain_softmax(logits);
    double entropy = 0;
    for (const double x : p) entropy -= x > 0 ? x * std::log(x) : 0;
    const double best = *std::max_element(p.begin(), p.end());
    for (const double epsilon : {1e-4, 2e-2, 0.5}) {
      const double eta = std::min(epsilon, std::sqrt(epsilon) * std::exp(-entropy));
      const auto kept = applied(eta_cutoff(static_cast<float>(epsilon)), logits);
      for (std::size_t i = 0; i < p.size(); ++i)
        if (std::abs(p[i] / eta - 1) > 1e-5) REQUIRE((kept[i] != -inf) == (p[i] >= eta || p[i] == best));
    }
  }
}

TEST_CASE("an epsilon outside (0, 1) is refused by eta cutoff") {
  for (const float e : {0.0f, 1.0f, -1.0f, std::nanf("")})
    CHECK(kind_of_error([&] { (void)eta_cutoff(e); }) == ErrorKind::argument);
}
