// The kernels for aarch64 with the dot product extension (Armv8.2): 16 lanes are four registers.
#pragma once

#include "weft/backend/cpu/kernels.hpp"

#if WEFT_CPU_ARM

#include <arm_neon.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "weft/backend/cpu/region.hpp"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#pragma float_control(push)
#pragma clang fp contract(off)
#else
#pragma GCC push_options
#pragma GCC target("arch=armv8.2-a+dotprod")
#pragma GCC optimize("fp-contract=off")
#endif

namespace weft::cpu::neon {

// clang-format off
struct Part {
  using Pf = float32x4_t;
  using Pi = int32x4_t;
  static constexpr int lanes = 4, count = 4;
  static constexpr int max_tile = 4;
  static constexpr int nibble_sums = 8, byte_sums = 8, column_sums = 12;

  WEFT_FORCE Pf set(float x) { return vdupq_n_f32(x); }
  WEFT_FORCE Pf load(const float* p) { return vld1q_f32(p); }
  WEFT_FORCE void store(float* p, Pf a) { vst1q_f32(p, a); }
  WEFT_FORCE Pf add(Pf a, Pf b) { return vaddq_f32(a, b); }
  WEFT_FORCE Pf sub(Pf a, Pf b) { return vsubq_f32(a, b); }
  WEFT_FORCE Pf mul(Pf a, Pf b) { return vmulq_f32(a, b); }
  WEFT_FORCE Pf div(Pf a, Pf b) { return vdivq_f32(a, b); }
  WEFT_FORCE Pf fma(Pf a, Pf b, Pf c) { return vfmaq_f32(c, a, b); }
  // As x86 has them: the second operand when one is NaN.
  WEFT_FORCE Pf min(Pf a, Pf b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
  WEFT_FORCE Pf max(Pf a, Pf b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
  WEFT_FORCE Pf select_less(Pf a, Pf b, Pf x, Pf y) { return vbslq_f32(vcltq_f32(a, b), x, y); }
  WEFT_FORCE Pi as_int(Pf a) { return vreinterpretq_s32_f32(a); }
  WEFT_FORCE Pf as_float(Pi a) { return vreinterpretq_f32_s32(a); }
  WEFT_FORCE Pi round(Pf a) {
    const Pf shift = set(12582912.0f);  // the sum rounds alike on every machine
    return isub(as_int(add(a, shift)), as_int(shift));
  }
  WEFT_FORCE Pf to_float(Pi a) { return vcvtq_f32_s32(a); }

  WEFT_FORCE Pi iset(std::int32_t x) { return vdupq_n_s32(x); }
  WEFT_FORCE Pi iadd(Pi a, Pi b) { return vaddq_s32(a, b); }
  WEFT_FORCE Pi isub(Pi a, Pi b) { return vsubq_s32(a, b); }
  WEFT_FORCE Pi imax(Pi a, Pi b) { return vmaxq_s32(a, b); }
  WEFT_FORCE Pi iand(Pi a, Pi b) { return vandq_s32(a, b); }
  WEFT_FORCE Pi ior(Pi a, Pi b) { return vorrq_s32(a, b); }
  WEFT_FORCE Pi ixor(Pi a, Pi b) { return veorq_s32(a, b); }
  template <int n> WEFT_FORCE Pi shift_left(Pi a) { return vshlq_n_s32(a, n); }
  template <int n> WEFT_FORCE Pi shift_right(Pi a) { return vshrq_n_s32(a, n); }
  WEFT_FORCE std::int32_t highest(Pi a) { return vmaxvq_s32(a); }
  WEFT_FORCE std::int32_t sum(Pi a) { return vaddvq_s32(a); }
  WEFT_FORCE void store_bytes(std::int8_t* p, const Pi (&a)[4], const Pi (&b)[4]) {
    vst1q_s8(p, narrow(a));
    vst1q_s8(p + 16, narrow(b));
  }

  WEFT_FORCE Pf load_f16(const std::byte* p) {
    std::uint16_t h[4];
    std::memcpy(h, p, sizeof h);
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(h)));
  }
  WEFT_FORCE Pf load_bf16(const std::byte* p) {
    std::uint16_t h[4];
    std::memcpy(h, p, sizeof h);
    return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(h), 16));
  }
  WEFT_FORCE void store_f16(std::byte* p, Pf a) {
    std::uint16_t h[4];
    vst1_u16(h, vreinterpret_u16_f16(vcvt_f16_f32(a)));
    std::memcpy(p, h, sizeof h);
  }
  WEFT_FORCE void unzip(Pf a, Pf b, Pf& even, Pf& odd) { even = vuzp1q_f32(a, b), odd = vuzp2q_f32(a, b); }
  WEFT_FORCE void zip(Pf even, Pf odd, Pf& a, Pf& b) { a = vzip1q_f32(even, odd), b = vzip2q_f32(even, odd); }

  // Every integer product is sdot: weights of at most 7 bits are signed bytes too.
  //
  // Not smmla (i8mm), which multiplies 8 columns of two rows by 8 columns of two: 4 by 4 bytes have to be zipped before and sums unzipped
  // after. For a block of 16 rows of weights and T of activations, 4 rows of weights a pass:
  //   sdot   32 T
  //   smmla  16 T, 16 zips of q4_0 (32 of formats of other widths), 8 T second halves of pairs of activations, 4 T unzips
  // At T = 4 that is 128 either way for q4_0, 144 with smmla for q8_0; at T = 8, 256 against 240 and 256. Loops of g++ 12 for 4 rows of
  // weights: 106 instructions each for q4_0 at T = 4, 172 with sdot, 183 with smmla at T = 8. Only activations that were paired once for
  // all panels, in a layout of their own, would win: 172 to 141 for q4_0, 204 to 163 for q4_k, 237 to 215 for q5_k.
  using Nibbles = int32x4_t;
  WEFT_FORCE Pi load_lanes(const std::byte* p) { return vreinterpretq_s32_u8(vld1q_u8(reinterpret_cast<const std::uint8_t*>(p))); }
  /// 4 bytes for every lane: group g of 16 bytes, spread by the instruction that multiplies them.
  struct Spread {
    int8x16_t bytes;
    int g;
  };
  WEFT_FORCE Spread broadcast(const std::int8_t* p, int g) { return {vld1q_s8(p), g}; }
  WEFT_FORCE Pi low_nibbles(Pi a) { return vreinterpretq_s32_u8(vandq_u8(vreinterpretq_u8_s32(a), vdupq_n_u8(15))); }
  WEFT_FORCE Pi high_nibbles(Pi a) { return vreinterpretq_s32_u8(vshrq_n_u8(vreinterpretq_u8_s32(a), 4)); }
  WEFT_FORCE Pi lookup(const std::int8_t* table, Pi nibbles) {
    return vreinterpretq_s32_s8(vqtbl1q_s8(vld1q_s8(table), vreinterpretq_u8_s32(nibbles)));
  }
  WEFT_FORCE Nibbles nibbles_start(Pi from) { return from; }
  WEFT_FORCE Nibbles nibbles_add(Nibbles s, Pi w, Spread x) {
    const int8x16_t bytes = vreinterpretq_s8_s32(w);
    switch (x.g) {  // known once the loops are straight code
      case 0: return vdotq_laneq_s32(s, bytes, x.bytes, 0);
      case 1: return vdotq_laneq_s32(s, bytes, x.bytes, 1);
      case 2: return vdotq_laneq_s32(s, bytes, x.bytes, 2);
      default: return vdotq_laneq_s32(s, bytes, x.bytes, 3);
    }
  }
  WEFT_FORCE Pi nibbles_sum(Nibbles s, Pi) { return s; }
  using Signed = int32x4_t;
  WEFT_FORCE Signed as_signed(Pi w) { return w; }
  WEFT_FORCE Pi signed_start(std::int32_t) { return vdupq_n_s32(0); }
  WEFT_FORCE Pi signed_add(Pi s, Signed w, Spread x) { return nibbles_add(s, w, x); }
  // Unsigned bytes of at most 127.
  WEFT_FORCE Pi unsigned_add(Pi s, Pi w, Spread x) { return nibbles_add(s, w, x); }
  WEFT_FORCE Pi load_i8(const std::byte* p) {
    std::int32_t x; std::memcpy(&x, p, 4);
    return vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_s32(vdup_n_s32(x)))));
  }
  WEFT_FORCE void prefetch(const std::byte* p) { __builtin_prefetch(p); }

 private:
  WEFT_FORCE int8x16_t narrow(const Pi (&a)[4]) {
    return vcombine_s8(vqmovn_s16(vcombine_s16(vqmovn_s32(a[0]), vqmovn_s32(a[1]))),
                       vqmovn_s16(vcombine_s16(vqmovn_s32(a[2]), vqmovn_s32(a[3]))));
  }
};
// clang-format on

#include "weft/backend/cpu/loops.inl"

inline constexpr Kernels table = kernels_named("neon");

}  // namespace weft::cpu::neon

#if defined(__clang__)
#pragma float_control(pop)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace weft::cpu {
WEFT_INLINE const Kernels& neon_kernels() noexcept { return neon::table; }
}  // namespace weft::cpu

#endif
