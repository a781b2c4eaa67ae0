// Half precision and bfloat16 to float and back, exact on every machine: no intrinsics, no rounding mode, no flushing
// of denormals. Source: IEEE 754-2019 (binary16); bfloat16 is the upper half of a float.
#pragma once

#include <bit>
#include <cstdint>

namespace weft {

/// Exact. A NaN keeps its sign and payload.
constexpr float f16_to_f32(std::uint16_t half) noexcept {
  const std::uint32_t sign = (half & 0x8000u) << 16;
  const std::uint32_t magnitude = half & 0x7fffu;
  if (magnitude < 0x0400u) {  // zero and denormals: a whole multiple of 2^-24, which is a normal float
    const float value = static_cast<float>(static_cast<std::int32_t>(magnitude)) * 0x1p-24f;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) | sign);
  }
  const std::uint32_t bias = magnitude >= 0x7c00u ? 224u << 23 : 112u << 23;  // infinity and NaN keep all exponent bits set
  return std::bit_cast<float>(((magnitude << 13) + bias) | sign);
}

/// Rounds to nearest, ties to even; beyond 65519.99 becomes infinity; a NaN stays a (quiet) NaN.
constexpr std::uint16_t f32_to_f16(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  std::uint32_t half = 0;
  if (magnitude > 0x7f800000u) {
    half = 0x7e00u | ((magnitude >> 13) & 0x3ffu);
  } else if (magnitude >= 0x47800000u) {  // 65536 and above
    half = 0x7c00u;
  } else if (magnitude >= 0x38800000u) {  // normal halves: 2^-14 and above; a carry runs into the exponent, as it should
    const std::uint32_t shifted = magnitude - (112u << 23);
    half = (shifted + 0xfffu + ((shifted >> 13) & 1u)) >> 13;
  } else if (magnitude > 0x33000000u) {  // above 2^-25 (half of the smallest denormal, a tie that goes to 0)
    const std::uint32_t shift = 126u - (magnitude >> 23);  // 14 .. 24
    const std::uint32_t mantissa = (magnitude & 0x7fffffu) | 0x800000u;
    half = (mantissa + (1u << (shift - 1)) - 1u + ((mantissa >> shift) & 1u)) >> shift;
  }
  return static_cast<std::uint16_t>(sign | half);
}

/// Exact.
constexpr float bf16_to_f32(std::uint16_t value) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16);
}

/// Rounds to nearest, ties to even; a NaN stays a (quiet) NaN.
constexpr std::uint16_t f32_to_bf16(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

}  // namespace weft
