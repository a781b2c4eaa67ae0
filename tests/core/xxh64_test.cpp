#include "weft/core/xxh64.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace weft;

namespace {

struct Golden {
  std::uint64_t seed;
  std::size_t size;
  std::uint64_t hash;
};

// of the first bytes of (131 i + 7) mod 256, by xxhash 3 from PyPI: tests/scripts/make_xxh64_goldens.py
const Golden goldens[] = {
    {0u, 0, 0xef46db3751d8e999},
    {0u, 1, 0xa96c7f0ce858bbb7},
    {0u, 3, 0xbed43740ee6332bb},
    {0u, 4, 0xfa212ae44b3bb23d},
    {0u, 7, 0x2744460dd675d2c0},
    {0u, 8, 0x994b676b71ce94dd},
    {0u, 12, 0xb92f588ce720786e},
    {0u, 31, 0x6711d55e306b5d8f},
    {0u, 32, 0x07f7b8e3bc5d6e25},
    {0u, 33, 0x09f85eeb4e1cbe9f},
    {0u, 63, 0xb7c9968c066cb6a5},
    {0u, 64, 0x50d4159a0411632e},
    {0u, 100, 0x9ddada11d3dc2d8f},
    {0u, 299, 0xc15be6b669e4f9f1},
    {0u, 300, 0xc68e7ef39b5ca10e},
    {11400714785074694791u, 0, 0x6ec6d05f61c7e7a7},
    {11400714785074694791u, 1, 0x0c810166b30122a5},
    {11400714785074694791u, 3, 0x7b4f2f575536d889},
    {11400714785074694791u, 4, 0x18f6c5e78f966cfa},
    {11400714785074694791u, 7, 0x88b4ae4c1e174322},
    {11400714785074694791u, 8, 0xb7e496bbfb8404d4},
    {11400714785074694791u, 12, 0x0130ea64987e01b9},
    {11400714785074694791u, 31, 0xbf6b022699bb8376},
    {11400714785074694791u, 32, 0x3abf045074466999},
    {11400714785074694791u, 33, 0x884e59f42fb1ce66},
    {11400714785074694791u, 63, 0xfb6a31df721c899e},
    {11400714785074694791u, 64, 0x1968f92919382d6f},
    {11400714785074694791u, 100, 0x049465b864c1577b},
    {11400714785074694791u, 299, 0x05fceaa3afe57e2c},
    {11400714785074694791u, 300, 0x6a1147fbc2a75f88},
};

std::vector<std::byte> text() {
  std::vector<std::byte> bytes(300);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(131 * i + 7);
  return bytes;
}

}  // namespace

TEST_CASE("XXH64 is that of xxhash, for every kind of tail") {
  const auto bytes = text();
  for (const auto& golden : goldens) {
    CAPTURE(golden.size);
    CHECK(xxh64(std::span(bytes).first(golden.size), golden.seed) == golden.hash);
  }
}

TEST_CASE("XXH64 does not depend on how the bytes were divided") {
  const auto bytes = text();
  const auto whole = xxh64(bytes);
  for (std::size_t a = 0; a <= bytes.size(); a += 7)
    for (std::size_t b = a; b <= bytes.size(); b += 13) {
      Xxh64 hash;
      hash.update(std::span(bytes).first(a));
      hash.update(std::span(bytes).subspan(a, b - a));
      hash.update(std::span(bytes).subspan(b));
      REQUIRE(hash.digest() == whole);
    }
}
