#include "weft/sample/torch_random.hpp"

#include <doctest/doctest.h>

#include <random>

TEST_CASE("the generator is MT19937, seeded with the low 32 bits") {
  for (const std::uint64_t seed : {std::uint64_t{5489}, std::uint64_t{0}, std::uint64_t{0x123456789ABCDEF0}}) {
    weft::detail::TorchRandom ours(seed);
    std::mt19937 standard(static_cast<std::uint32_t>(seed));
    for (int i = 0; i < 3000; ++i) REQUIRE(ours() == standard());
  }
}
