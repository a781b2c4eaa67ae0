#include "weft/sample/top_n_sigma.hpp"

#include <doctest/doctest.h>

#include "support.hpp"
#include "weft/sample/temperature.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("top-n-sigma keeps the same tokens at every temperature") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const auto logits = random_logits(seed, 1 + seed * 7 % 200, static_cast<Shape>(seed % 5));
    const auto plain = applied(top_n_sigma(1.3f), logits);
    for (const float t : {0.25f, 4.0f}) {
      const auto warm = applied(top_n_sigma(1.3f), applied(temperature(t), logits));
      for (std::size_t i = 0; i < logits.size(); ++i) REQUIRE((plain[i] == -inf) == (warm[i] == -inf));
    }
  }
}

TEST_CASE("excluded logits do not count in the deviation") {
  // mean 1, sigma 1
  CHECK(applied(top_n_sigma(1), {2, 0, 2, 0, -inf, -inf}) == std::vector<float>{2, -inf, 2, -inf, -inf, -inf});
  CHECK(applied(top_n_sigma(2.5f), {2, 0, 2, 0, -inf}) == std::vector<float>{2, 0, 2, 0, -inf});
}

TEST_CASE("an n that is not finite and positive is refused") {
  for (const float n : {0.0f, -1.0f, inf, std::nanf("")})
    CHECK(kind_of_error([&] { (void)top_n_sigma(n); }) == ErrorKind::argument);
}
