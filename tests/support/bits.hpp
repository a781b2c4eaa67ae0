// Numbers to compute with, and whether two computations gave the same bits.
#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <vector>

#include "weft/core/token.hpp"

namespace weft::test {

inline std::vector<Token> random_tokens(std::size_t count, std::int64_t vocab, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Token> tokens(count);
  for (auto& token : tokens) token = static_cast<Token>(random() % static_cast<unsigned>(vocab));
  return tokens;
}

inline bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
}

}  // namespace weft::test
