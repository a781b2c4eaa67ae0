// The block formats of GGUF: how a block's bytes lie, and one unpacker for each that gives its integers and scales.
//
// Every format is affine on small groups ("sub-blocks") of 16 or 32 neighbouring values:
//     w = d * q        or, where the format has a minimum,        w = d * q + m
// with q an int8 and d, m floats of the sub-block. Evaluated in float32, with one rounding for the product and one for
// the sum, this gives the bits that PyPI's gguf gives; so do d and m, whose own products are rounded as there.
// Source: the format's definition (ggml's block structures; OCP Microscaling Formats v1.0 for MXFP4).
//
// Notation: q[a..b] are values of the block; byte[i].lo, .hi its lower and upper four bits; f16 is little-endian.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "weft/core/dtype.hpp"
#include "weft/quant/float16.hpp"

namespace weft {

/// values: of a block; sub: values that share d (and m).
struct QuantLayout {
  int values;
  int sub;
  bool has_min;
  [[nodiscard]] constexpr int subs() const noexcept { return values / sub; }
};

namespace detail {

constexpr std::uint32_t u8_at(const std::byte* at, int i = 0) noexcept { return std::to_integer<std::uint32_t>(at[i]); }
constexpr std::uint32_t u16_at(const std::byte* at) noexcept { return u8_at(at) | u8_at(at, 1) << 8; }
constexpr std::uint32_t u32_at(const std::byte* at) noexcept { return u16_at(at) | u16_at(at + 2) << 16; }
constexpr float f16_at(const std::byte* at) noexcept { return f16_to_f32(static_cast<std::uint16_t>(u16_at(at))); }
constexpr std::int8_t i8(std::uint32_t value) noexcept { return static_cast<std::int8_t>(value); }
constexpr float as_float(std::int32_t value) noexcept { return static_cast<float>(value); }
constexpr float as_float(std::uint32_t value) noexcept { return static_cast<float>(static_cast<std::int32_t>(value)); }

/// q[0..15] are the lower halves of 16 bytes, q[16..31] the upper ones, each less `bias`.
constexpr void nibbles32(const std::byte* bytes, std::uint32_t bias, std::int8_t* q) noexcept {
  for (int i = 0; i < 16; ++i) q[i] = i8((u8_at(bytes, i) & 15) - bias);
  for (int i = 0; i < 16; ++i) q[i + 16] = i8((u8_at(bytes, i) >> 4) - bias);
}
/// The same with a fifth bit for each: bit i of `high` belongs to q[i].
constexpr void nibbles32(const std::byte* bytes, std::uint32_t high, std::uint32_t bias, std::int8_t* q) noexcept {
  for (int i = 0; i < 16; ++i) q[i] = i8(((u8_at(bytes, i) & 15) | ((high >> i) & 1) << 4) - bias);
  for (int i = 0; i < 16; ++i) q[i + 16] = i8(((u8_at(bytes, i) >> 4) | ((high >> (i + 16)) & 1) << 4) - bias);
}
/// The same, each looked up in a table of 16.
constexpr void nibbles32(const std::byte* bytes, const std::array<std::int8_t, 16>& table, std::int8_t* q) noexcept {
  for (int i = 0; i < 16; ++i) q[i] = table[u8_at(bytes, i) & 15];
  for (int i = 0; i < 16; ++i) q[i + 16] = table[u8_at(bytes, i) >> 4];
}

/// The non-linear levels of IQ4_NL and IQ4_XS.
inline constexpr std::array<std::int8_t, 16> iq4_levels{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
/// The values of FP4 (E2M1), doubled so that they are integers. -0 is 0 here, as in PyPI's gguf.
inline constexpr std::array<std::int8_t, 16> e2m1_levels{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

/// Scales and minima of Q4_K and Q5_K, 6 bits each in 12 bytes. For s in 0..3: scale[s] and min[s] are the lower six bits
/// of bytes s and 4+s. For s in 4..7: the lower four bits are byte[4+s].lo (scale) and .hi (min), the upper two those of
/// bytes s-4 (scale) and s (min).
constexpr void k_scales(const std::byte* bytes, std::int8_t* scales, std::int8_t* mins) noexcept {
  for (int s = 0; s < 4; ++s) {
    scales[s] = i8(u8_at(bytes, s) & 63);
    mins[s] = i8(u8_at(bytes, s + 4) & 63);
    scales[s + 4] = i8((u8_at(bytes, s + 8) & 15) | (u8_at(bytes, s) >> 6) << 4);
    mins[s + 4] = i8((u8_at(bytes, s + 8) >> 4) | (u8_at(bytes, s + 4) >> 6) << 4);
  }
}
/// The same times d, and times -min.
constexpr void k_scales(const std::byte* bytes, float d, float min, float* out_d, float* out_m) noexcept {
  std::int8_t scales[8] = {}, mins[8] = {};
  k_scales(bytes, scales, mins);
  for (int s = 0; s < 8; ++s) {
    out_d[s] = d * as_float(std::int32_t{scales[s]});
    out_m[s] = -(min * as_float(std::int32_t{mins[s]}));
  }
}

}  // namespace detail

/// For each block format: `layout`, `bytes` of a block, and
///     static void unpack(const std::byte* block, std::int8_t* q, float* d, float* m)
/// which writes q[layout.values], d[layout.subs()] and, if layout.has_min, m[layout.subs()] (else m may be null).
template <DType type>
struct BlockTraits;

/// 18 bytes: f16 d; 16 bytes of nibbles. q = nibble - 8; q[0..15] lower, q[16..31] upper halves.
template <>
struct BlockTraits<DType::q4_0> {
  static constexpr QuantLayout layout{32, 32, false};
  static constexpr int bytes = 18;
  static constexpr void unpack(const std::byte* block, std::int8_t* q, float* d, float*) noexcept {
    d[0] = detail::f16_at(block);
    detail::nibbles32(block + 2, 8u, q);
  }
};

/// 20 bytes: f16 d; f16 m; 16 bytes of nibbles as in Q4_0. q = nibble.
template <>
struct BlockTraits<DType::q4_1> {
  static constexpr QuantLayout layout{32, 32, true};
  static constexpr int bytes = 20;
  static constexpr void unpack(const std::byte* block, std::int8_t* q, float* d, float* m) noexcept {
    d[0] = detail::f16_at(block);
    m[0] = detail::f16_at(block + 2);
    detail::nibbles32(block + 4, 0u, q);
  }
};

/// 22 bytes: f16 d; u32 high, bit i is the fifth bit of q[i]; 16 bytes of nibbles as in Q4_0. q = (5 bits) - 16.
template <>
struct BlockTraits<DType::q5_0> {
  static constexpr QuantLayout layout{32, 32, false};
  static constexpr int bytes = 22;
  static constexpr void unpack(const std::byte* block, std::int8_t* q, float* d, float*) noexcept {
    d[0] = detail::f16_at(block);
    detail::nibbles32(block + 6, detail::u32_at(block + 2), 16u, q);
  }
};

/// 24 bytes: f16 d; f16 m; u32 high and nibbles as in Q5_0. q = 5 bits.
template <>
struct BlockTraits<DType::q5_1> {
  static constexpr QuantLayout layout{32, 32, true};
  static constexpr int bytes = 24;
  static constexpr void unpack(const std::byte* block, std::int8_t* q, float* d, float* m) noexcept {
    d[0] = detail::f16_at(block);
    m[0] = detail::f16_at(block + 2);
    detail::nibbles32(block + 8, detail::u32_at(block + 4), 0u, q);
  }
};

/// 34 bytes: f16 d; 32 int8.
template <>
struct BlockTraits<DType::q8_0> {
  static constexpr QuantLayout layout{32, 32, false};
  static constexpr int bytes = 34;
  static constexpr void unpack(const std::byte* block, std::int8_t* q, float* d, float*) noexcept {
    d[0] = detail::f16_at(block);
    for (int i = 0; i < 32; ++i) q[i] = detail::i8(detail::u8_at(block, 2 + i));
  }
};

/// 84 bytes: 16 bytes, [s].lo the scale and [s].hi the minimum of sub-block s; 64 bytes of crumbs; f16 d; f16 min.
/// q[128 h + 32 k + i] = bits 2k, 2k+1 of crumb byte 32 h + i. d[s] = d * scale, m[s] = -(min * minimum).
template <>
struct BlockTraits<DType::q2_k> {
  static constexpr QuantLayout layout{256, 16, true};
  static constexpr int bytes = 84;
  static constexpr void unpack(const std::byte* block, std::int8_t* q, float* d, float* m) noexcept {
    const float scale = detail::f16_at(block + 80), min = detail::f16_at(block + 82);
    for (int s = 0; s < 16; ++s) {
      d[s] = scale * detail::as_float(detail::u8_at(block, s) & 15);
      m[s] = -(min * detail::as_float(detail::u8_at(block, s) >> 4));
    }
    for (int h = 0; h < 2; ++h)
      for (int k = 0; k < 4; ++k)
        for (int i = 0; i < 32; ++i) q[128 * h + 32 * k + i] = detail::i8((detail::u8_at(block, 16 + 32 * h + i) >> (2 * k)) & 3);
  }
};

/// 110 bytes: 32 bytes of high bits; 64 bytes of crumbs as in Q2_K; 12 bytes of scales; f16 d.
/// q[128 h + 32 k + i] = crumb - (bit 4 h + k of high byte i ? 0 : 4). The scale of sub-block s has 6 bits, less 32: the
/// lower four are scales[s].lo for s < 8 and scales[s-8].hi beyond; the upper two are bits 2(s/4), +1 of scales[8 + s%4].
template <>
struct BlockTraits<DType::q3_k> {
  static constexpr QuantLayout layout{256, 16, false};
  static constexpr int bytes = 110;
  static constexpr std::int32_t scale(const std::byte* block, int s) noexcept {
    const std::uint32_t low = (detail::u8_at(block, 96 + s % 8) >> (s < 8 ? 0 : 4)) & 15;
    const std::uint32_t high = (detail::u8_at(block, 104 + s % 4) >> (2 * (s / 4))) & 3;
    return static_cast<std::int32_t>(low | high << 4) - 32;
  }
  static constexpr void unpack(const std::byte* block, std::int8_t* q, float* d, float*) noexcept {
    const float super_d = detail::f16_at(block + 108);
    for (int s = 0; s < 16; ++s) d[s] = super_d * detail::as_float(scale(block, s));
    for (int h = 0; h < 2; ++h)
      for (int k = 0; k < 4; ++k)
        for (int i = 0; i < 32; ++i) {
          const std::uint32_t crumb = (detail::u8_at(block, 32 + 32 * h + i) >> (2 * k)) & 3;
          const std::uint32_t bit = (detail::u8_at(block, i) >> (4 * h + k)) & 1;
          q[128 * h + 32 * k + i] = detail::i8(crumb + 4 * bit - 4);
        }
  }
};

/// 144 bytes: f16 d; f16 min; 12 bytes of scales (detail::k_scales); 128 bytes of nibbles.
/// q[64 g + i] = byte[32 g + i].lo, q[64 g + 32 + i] = byte[32 g + i].hi for i < 32.
template <>
struct BlockTraits<DType::q4_k> {
  static constexpr QuantLayout layout{256, 32, true};
  static constexpr int bytes = 144;
  static constexpr void unpack(const std::byte* block, std::int8_t* q, float* d, float* m) noexcept {
    detail::k_scales(block + 4, detail::f16_at(block), detail::f16_at(block + 2), d, m);
    for (int s = 0; s < 8; ++s)
      for (int i = 0; i < 32; ++i) q[32 * s + i] = detail::i8((detail::u8_at(block, 16 + 32 * (s / 2) + i) >> (4 * (s % 2))) & 15);
  }
};

/// 176 bytes: f16 d; f16 min; 12 bytes of scales; 32 bytes of high bits; 128 bytes of nibbles as in Q4_K.
/// The fifth bit of q[32 s + i] is bit s of high byte i.
template <>
struct BlockTraits<DType::q5_k> {
  static constexpr QuantLayout layout{256, 32, true};
  static constexpr int bytes = 176;
  static constexpr void unpack(const std::byte* block, std::int8_t* q, float* d, float* m) noexcept {
    detail::k_scales(block + 4, detail::f16_at(block), detail::f16_at(block + 2), d, m);
    for (int s = 0; s < 8; ++s)
      for (int i = 0; i < 32; ++i) {
        const std::uint32_t low = (detail::u8_at(block, 48 + 32 * (s / 2) + i) >> (4 * (s % 2))) & 15;
        q[32 * s + i] = detail::i8(low | ((detail::u8_at(block, 16 + i) >> s) & 1) << 4);
      }
  }
};

/// 210 bytes: 128 bytes of nibbles; 64 bytes of crumbs; 16 int8 scales; f16 d.
/// q[128 h + 32 k + i] = 6 bits - 32: the lower four are byte[64 h + 32 (k%2) + i], .lo for k < 2 and .hi beyond; the upper
/// two are bits 2k, 2k+1 of crumb byte 32 h + i.
template <>
struct BlockTraits<DType::q6_k> {
  static constexpr QuantLayout layout{256, 16, false};
  static constexpr int bytes = 210;
  static constexpr void unpack(const std::byte* block, std::int8_t* q, float* d, float*) noexcept {
    const float scale = detail::f16_at(block + 208);
    for (int s = 0; s < 16; ++s) d[s] = scale * detail::as_float(static_cast<std::int32_t>(detail::i8(detail::u8_at(block, 192 + s))));
    for (int h = 0; h < 2; ++h)
      for (int k = 0; k < 4; ++k)
        for (int i = 0; i < 32; ++i) {
          const std::uint32_t low = (detail::u8_at(block, 64 * h + 32 * (k % 2) + i) >> (4 * (k / 2))) & 15;
          const std::uint32_t high = (detail::u8_at(block, 128 + 32 * h + i) >> (2 * k)) & 3;
          q[128 * h + 32 * k + i] = detail::i8((low | high << 4) - 32);
        }
  }
};

/// 18 bytes: f16 d; 16 bytes of nibbles as in Q4_0. q = detail::iq4_levels[nibble].
template <>
struct BlockTraits<DType::iq4_nl> {
  static constexpr QuantLayout layout{32, 32, false};
  static constexpr int bytes = 18;
  static constexpr void unpack(const std::byte* block, std::int8_t* q, float* d, float*) noexcept {
    d[0] = detail::f16_at(block);
    detail::nibbles32(block + 2, detail::iq4_levels, q);
  }
};

/// 136 bytes: f16 d; u16 high; 4 bytes low; 128 bytes of nibbles, 16 for each sub-block as in IQ4_NL.
/// The scale of sub-block s has 6 bits, less 32: the lower four are low[s/2].lo for even s and .hi for odd, the upper two
/// bits 2s, 2s+1 of high.
template <>
struct BlockTraits<DType::iq4_xs> {
  static constexpr QuantLayout layout{256, 32, false};
  static constexpr int bytes = 136;
  static constexpr std::int32_t scale(const std::byte* block, int s) noexcept {
    const std::uint32_t low = (detail::u8_at(block, 4 + s / 2) >> (4 * (s % 2))) & 15;
    const std::uint32_t high = (detail::u16_at(block + 2) >> (2 * s)) & 3;
    return static_cast<std::int32_t>(low | high << 4) - 32;
  }
  static constexpr void unpack(const std::byte* block, std::int8_t* q, float* d, float*) noexcept {
    const float super_d = detail::f16_at(block);
    for (int s = 0; s < 8; ++s) {
      d[s] = super_d * detail::as_float(scale(block, s));
      detail::nibbles32(block + 8 + 16 * s, detail::iq4_levels, q + 32 * s);
    }
  }
};

/// 17 bytes: e, an exponent (E8M0); 16 bytes of nibbles as in Q4_0. q = detail::e2m1_levels[nibble], which is twice the
/// FP4 value, so d = 2^(e - 128).
template <>
struct BlockTraits<DType::mxfp4> {
  static constexpr QuantLayout layout{32, 32, false};
  static constexpr int bytes = 17;
  static constexpr float scale(const std::byte* block) noexcept {
    const std::uint32_t e = detail::u8_at(block);
    return std::bit_cast<float>(e < 2 ? 0x00200000u << e : (e - 1) << 23);  // 2^-128 and 2^-127 are denormal floats
  }
  static constexpr void unpack(const std::byte* block, std::int8_t* q, float* d, float*) noexcept {
    d[0] = scale(block);
    detail::nibbles32(block + 1, detail::e2m1_levels, q);
  }
};

/// Calls f(BlockTraits<...>{}) for the block format `type` and returns true; false for element types and formats without an unpacker.
template <class F>
constexpr bool with_block_format(DType type, F&& f) {
  switch (type) {
    case DType::q4_0: f(BlockTraits<DType::q4_0>{}); return true;
    case DType::q4_1: f(BlockTraits<DType::q4_1>{}); return true;
    case DType::q5_0: f(BlockTraits<DType::q5_0>{}); return true;
    case DType::q5_1: f(BlockTraits<DType::q5_1>{}); return true;
    case DType::q8_0: f(BlockTraits<DType::q8_0>{}); return true;
    case DType::q2_k: f(BlockTraits<DType::q2_k>{}); return true;
    case DType::q3_k: f(BlockTraits<DType::q3_k>{}); return true;
    case DType::q4_k: f(BlockTraits<DType::q4_k>{}); return true;
    case DType::q5_k: f(BlockTraits<DType::q5_k>{}); return true;
    case DType::q6_k: f(BlockTraits<DType::q6_k>{}); return true;
    case DType::iq4_nl: f(BlockTraits<DType::iq4_nl>{}); return true;
    case DType::iq4_xs: f(BlockTraits<DType::iq4_xs>{}); return true;
    case DType::mxfp4: f(BlockTraits<DType::mxfp4>{}); return true;
    default: return false;
  }
}

/// {0, 0, false} for a type that has no unpacker.
constexpr QuantLayout quant_layout(DType type) noexcept {
  QuantLayout layout{0, 0, false};
  with_block_format(type, [&](auto format) { layout = decltype(format)::layout; });
  return layout;
}

}  // namespace weft
