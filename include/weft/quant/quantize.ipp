// Definitions of quant/quantize.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "weft/core/error.hpp"
#include "weft/quant/float16.hpp"
#include "weft/quant/quantize.hpp"
#include "weft/quant/quantize_super.hpp"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC optimize("fp-contract=off")  // a product that is not rounded would change the bits
#endif

namespace weft::detail {

inline void put_u16(std::byte* at, std::uint32_t value) noexcept {
  at[0] = static_cast<std::byte>(value & 255);
  at[1] = static_cast<std::byte>(value >> 8 & 255);
}
inline void put_f16(std::byte* at, float value) noexcept { put_u16(at, f32_to_f16(value)); }

/// The layout of 32 values of 4 bits: the first half in the lower halves of 16 bytes.
inline void put_nibbles32(std::byte* out, const std::uint32_t* q) noexcept {
  for (int i = 0; i < 16; ++i) out[i] = static_cast<std::byte>((q[i] & 15) | (q[i + 16] & 15) << 4);
}
/// Bit i of four bytes is the fifth bit of q[i].
inline void put_fifth_bits(std::byte* out, const std::uint32_t* q) noexcept {
  std::uint32_t high = 0;
  for (int i = 0; i < 32; ++i) high |= (q[i] >> 4 & 1) << i;
  put_u16(out, high & 0xffff);
  put_u16(out + 2, high >> 16);
}

/// Q4_0 and Q5_0: the value of greatest size becomes -half, exactly. `bits` 4 or 5.
#if defined(__GNUC__)
[[gnu::noinline]]
#endif
WEFT_INLINE void quantize_symmetric(const float* x, int bits, std::byte* out) {
#if defined(__clang__)
#pragma clang fp contract(off)
#endif
  const int half = 1 << (bits - 1);
  float greatest = x[0];
  for (int i = 1; i < 32; ++i)
    if (std::fabs(x[i]) > std::fabs(greatest)) greatest = x[i];
  const float d = greatest / static_cast<float>(-half);
  const float inverse = d == 0 ? 0 : 1 / d;
  std::uint32_t q[32];
  for (int i = 0; i < 32; ++i) {
    // gguf's Q4_0 rounds the sum alone, its Q5_0 the product as well
    const float product = x[i] * inverse;
    const float scaled = bits == 4 ? static_cast<float>(static_cast<double>(x[i]) * static_cast<double>(inverse) + 8.5) : product + 16.5f;
    q[i] = static_cast<std::uint32_t>(std::clamp(scaled, 0.0f, static_cast<float>(2 * half - 1)));
  }
  put_f16(out, d);
  if (bits == 5) put_fifth_bits(out + 2, q);
  put_nibbles32(out + (bits == 5 ? 6 : 2), q);
}

/// Q4_1 and Q5_1: the range from the least to the greatest value in 2^bits - 1 steps.
#if defined(__GNUC__)
[[gnu::noinline]]
#endif
WEFT_INLINE void quantize_affine(const float* x, int bits, std::byte* out) {
#if defined(__clang__)
#pragma clang fp contract(off)
#endif
  const auto [least, greatest] = std::minmax_element(x, x + 32);
  const float min = *least, top = static_cast<float>((1 << bits) - 1);
  const float d = (*greatest - min) / top;
  const float inverse = d == 0 ? 0 : 1 / d;
  std::uint32_t q[32];
  for (int i = 0; i < 32; ++i) {
    const float product = (x[i] - min) * inverse;
    q[i] = static_cast<std::uint32_t>(std::clamp(product + 0.5f, 0.0f, top));
  }
  put_f16(out, d);
  put_f16(out + 2, min);
  if (bits == 5) put_fifth_bits(out + 4, q);
  put_nibbles32(out + (bits == 5 ? 8 : 4), q);
}

/// Q8_0: the greatest size becomes 127; halves are rounded away from zero.
#if defined(__GNUC__)
[[gnu::noinline]]
#endif
WEFT_INLINE void quantize_q8_0(const float* x, std::byte* out) {
#if defined(__clang__)
#pragma clang fp contract(off)
#endif
  float greatest = 0;
  for (int i = 0; i < 32; ++i) greatest = std::max(greatest, std::fabs(x[i]));
  const float d = greatest / 127;
  const float inverse = d == 0 ? 0 : 1 / d;
  put_f16(out, d);
  for (int i = 0; i < 32; ++i) {
    const float scaled = std::clamp(x[i] * inverse, -127.0f, 127.0f);
    out[2 + i] = static_cast<std::byte>(static_cast<std::int8_t>(std::round(scaled)));
  }
}

inline void check_block(DType type, const float* x, std::int64_t first, int values) {
  for (int i = 0; i < values; ++i)
    if (!(std::fabs(x[i]) <= 65504))
      fail(ErrorKind::argument, "value ", first + i, " is ", x[i], ", which ", name(type), " cannot hold: expected numbers of at most 65504");
}

WEFT_INLINE void quantize_block(DType type, const float* x, std::byte* out) {
  switch (type) {
    case DType::q4_0: return quantize_symmetric(x, 4, out);
    case DType::q5_0: return quantize_symmetric(x, 5, out);
    case DType::q4_1: return quantize_affine(x, 4, out);
    case DType::q5_1: return quantize_affine(x, 5, out);
    case DType::q8_0: return quantize_q8_0(x, out);
    case DType::q4_k: return quantize_q4_k(x, out);
    case DType::q5_k: return quantize_q5_k(x, out);
    default: return quantize_q6_k(x, out);
  }
}

}  // namespace weft::detail

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif

namespace weft {

WEFT_INLINE void quantize(DType type, const float* values, std::int64_t count, std::byte* out) {
  const DTypeInfo* const known = find_dtype(type);
  if (!can_quantize(type))
    fail(ErrorKind::unsupported, "cannot quantise to tensor type ", known != nullptr ? std::string(known->name) : std::to_string(static_cast<int>(type)),
         "; supported: F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K");
  if (count < 0 || count % known->values != 0)
    fail(ErrorKind::argument, "cannot quantise ", count, " values to ", known->name, ", expected a multiple of its block size ", known->values);
  if (type == DType::f32) {
    if (count != 0) std::memcpy(out, values, static_cast<std::size_t>(count) * sizeof(float));
  } else if (type == DType::f16) {
    for (std::int64_t i = 0; i < count; ++i) detail::put_f16(out + 2 * i, values[i]);
  } else if (type == DType::bf16) {
    for (std::int64_t i = 0; i < count; ++i) detail::put_u16(out + 2 * i, f32_to_bf16(values[i]));
  } else {
    const auto size = static_cast<int>(known->values);
    for (std::int64_t at = 0; at < count; at += size, out += known->bytes) {
      detail::check_block(type, values + at, at, size);
      detail::quantize_block(type, values + at, out);
    }
  }
}

}  // namespace weft
