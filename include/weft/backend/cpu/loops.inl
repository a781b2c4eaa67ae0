// All loops over the model's data, in the order in which they use each other, and the table of what they offer.
// Included inside a target region and the namespace of an instruction set, after its struct Part.

/// Rows of activations in the largest tile. Bits don't depend on it; without optimisation larger ones only cost time to compile.
inline constexpr int max_tile = optimized ? Part::max_tile : 2;

// clang-format off
#include "weft/backend/cpu/vector.inl"
#include "weft/backend/cpu/math.inl"
#include "weft/backend/cpu/elementwise.inl"
#include "weft/backend/cpu/matmul.inl"
#include "weft/backend/cpu/attention_tiles.inl"
#include "weft/backend/cpu/attention_scores.inl"
#include "weft/backend/cpu/attention_values.inl"
#include "weft/backend/cpu/attention.inl"
// clang-format on

constexpr Kernels kernels_named(std::string_view name) noexcept {
  return {name, matmul, quantise, rms_norm, layer_norm, rope, store, attend, attend_split, merge_splits, gate, activate, add};
}
