// Philox4x32-10: random numbers as a function of a counter, so that no draw depends on the order of evaluation.
// Source: Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3" (Random123).
#pragma once

#include <array>
#include <cstdint>

namespace weft {

/// Ten rounds of Philox over a 128-bit counter with a 64-bit key: 128 random bits. A pure function.
constexpr std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                                  std::array<std::uint32_t, 2> key) noexcept {
  constexpr std::uint64_t multiplier0 = 0xD2511F53, multiplier1 = 0xCD9E8D57;
  constexpr std::uint32_t weyl0 = 0x9E3779B9, weyl1 = 0xBB67AE85;  // golden ratio, sqrt(3) - 1
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = multiplier0 * counter[0];
    const std::uint64_t product1 = multiplier1 * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(product0)};
    key[0] += weyl0;
    key[1] += weyl1;
  }
  return counter;
}

/// The 128 bits that belong to step `step` of branch `branch` under `seed`: depends on the three alone.
constexpr std::array<std::uint32_t, 4> random_bits(std::uint64_t seed, std::uint64_t branch,
                                                   std::uint64_t step) noexcept {
  return philox4x32({static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(step >> 32),
                     static_cast<std::uint32_t>(branch), static_cast<std::uint32_t>(branch >> 32)},
                    {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
}

/// A number in [0, 1) with 53 random bits for step `step` of branch `branch` under `seed`.
constexpr double uniform(std::uint64_t seed, std::uint64_t branch, std::uint64_t step) noexcept {
  const auto bits = random_bits(seed, branch, step);
  const std::uint64_t word = (std::uint64_t{bits[0]} << 32) | bits[1];
  return static_cast<double>(word >> 11) * 0x1p-53;
}

}  // namespace weft
