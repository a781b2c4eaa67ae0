// The work that benchmarks give a model, and what it must cost at least.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "weft/core/token.hpp"
#include "weft/model/spec.hpp"

namespace workload {

inline std::vector<weft::Token> random_tokens(std::int64_t count, std::int64_t vocab, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<weft::Token> tokens(static_cast<std::size_t>(count));
  for (auto& token : tokens) token = static_cast<weft::Token>(random() % static_cast<unsigned>(vocab));
  return tokens;
}

/// Multiply-adds of the matrices of all layers for one token; attention is not among them.
inline double layer_macs(const weft::ModelSpec& spec) {
  double macs = 0;
  for (const auto& layer : spec.layers) {
    const auto& a = layer.attention;
    const auto values = spec.width * (2 * a.q_width() + 2 * a.kv_width() + (layer.mlp.gated ? 3 : 2) * layer.mlp.hidden);
    macs += static_cast<double>(values);
  }
  return macs;
}
/// Those of the head, for one row of logits.
inline double head_macs(const weft::ModelSpec& spec) { return static_cast<double>(spec.width) * static_cast<double>(spec.vocab_size); }

}  // namespace workload
