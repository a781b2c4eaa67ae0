#include "weft/sample/temperature.hpp"

#include <doctest/doctest.h>

#include <cstring>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("temperature divides every logit, and keeps what is excluded") {
  CHECK(applied(temperature(0.5f), {1, -2, -inf, 0}) == std::vector<float>{2, -4, -inf, 0});
  CHECK(applied(temperature(1), {1, -2, 3}) == std::vector<float>{1, -2, 3});
}

TEST_CASE("quotients are those of a division, to the bit, of ordinary, denormal, excluded and huge logits") {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    std::vector<float> logits(64 * 4 + 256);
    for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>(40 * uniform(seed, 1, i) - 20);
    const float rare[] = {0.0f, -0.0f, -inf, inf, 1e-38f, -1e-44f, 3e38f, 1e-20f, 1e20f};
    if (seed % 2 == 0) logits[seed % 64] = rare[seed / 2 % 9];
    const float t = seed % 17 == 0 ? std::ldexp(1.1f, static_cast<int>(seed % 60) - 30) : static_cast<float>(0.05 + 3 * uniform(seed, 2, 0));
    auto expected = logits;
    for (float& x : expected) x /= t;
    const auto found = applied(temperature(t), logits);
    REQUIRE(std::memcmp(found.data(), expected.data(), found.size() * sizeof(float)) == 0);
  }
}

TEST_CASE("temperatures that are not finite and positive are refused") {
  for (const float t : {0.0f, -1.0f, inf, std::nanf("")})
    CHECK(kind_of_error([&] { (void)temperature(t); }) == ErrorKind::argument);
}
