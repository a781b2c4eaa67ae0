// The loops over blocks of logits on four lanes, which every machine has. No header of its own: softmax.ipp includes it, and tests do, which
// compare wider lanes with it.
#pragma once

#if defined(__aarch64__)
#include <arm_neon.h>
#endif

#if defined(__clang__)
#define WEFT_SOFTMAX_UNROLL _Pragma("clang loop unroll(full)")
#else
#define WEFT_SOFTMAX_UNROLL _Pragma("GCC unroll 16")
#endif

namespace weft::detail {

// Four lanes are what every x86-64 and aarch64 has.
using Lanes = float __attribute__((vector_size(16)));
using IntLanes = std::int32_t __attribute__((vector_size(16)));

/// What is less weighs nothing; what exponents of weights are shifted by, so that denormal ones are rounded once.
inline constexpr float lowest_weighed = -104.5f, weight_bias = 127 + 25;

namespace base {
using Vec = Lanes;
using VecInt = IntLanes;
inline Vec fused(Vec a, Vec b, Vec c) noexcept {
#if defined(__aarch64__)
  return vfmaq_f32(c, a, b);
#else
  return Vec{std::fma(a[0], b[0], c[0]), std::fma(a[1], b[1], c[1]), std::fma(a[2], b[2], c[2]), std::fma(a[3], b[3], c[3])};
#endif
}
inline Vec greater(Vec a, Vec b) noexcept { return a > b ? a : b; }
inline unsigned lane_bits(VecInt v) noexcept {
  return (v[0] != 0 ? 1U : 0U) | (v[1] != 0 ? 2U : 0U) | (v[2] != 0 ? 4U : 0U) | (v[3] != 0 ? 8U : 0U);
}
inline unsigned bits_above(Vec v, Vec bound) noexcept { return lane_bits(v > bound); }
inline unsigned bits_from(Vec v, Vec bound) noexcept { return lane_bits(v >= bound); }
inline unsigned nan_bits(Vec a, Vec b, Vec c, Vec d) noexcept { return lane_bits((a != a) | (b != b) | (c != c) | (d != d)); }
#include "weft/sample/softmax_block.inl"
#include "weft/sample/pack_lanes.inl"
#include "weft/sample/survey_block.inl"
}  // namespace base

}  // namespace weft::detail
