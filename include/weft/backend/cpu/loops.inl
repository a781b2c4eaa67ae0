// All loops over the model's data, in the order in which they use each other, and the table of what they offer.
// Included inside a target region and the namespace of an instruction set, after its struct Part.

// clang-format off
#include "weft/backend/cpu/vector.inl"
#include "weft/backend/cpu/math.inl"
#include "weft/backend/cpu/elementwise.inl"
#include "weft/backend/cpu/matmul.inl"
#include "weft/backend/cpu/attention.inl"
// clang-format on

constexpr Kernels kernels_named(std::string_view name) noexcept {
  return {name, matmul, quantise, rms_norm, layer_norm, rope, store, attend, attend_split, merge_splits, gate, activate, add};
}
