// The kernels for AVX2 with FMA and F16C: 16 lanes are two registers.
#pragma once

#include "weft/backend/cpu/kernels.hpp"

#if WEFT_CPU_X86

#include <immintrin.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "weft/backend/cpu/region.hpp"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#pragma float_control(push)
#pragma clang fp contract(off)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")
#pragma GCC optimize("fp-contract=off")
#endif

namespace weft::cpu::avx2 {

// clang-format off
struct Part {
  using Pf = __m256;
  using Pi = __m256i;
  static constexpr int lanes = 8, count = 2;
  static constexpr int max_tile = 4;
  static constexpr int nibble_sums = 8, byte_sums = 4, column_sums = 6;

  WEFT_FORCE Pf set(float x) { return _mm256_set1_ps(x); }
  WEFT_FORCE Pf load(const float* p) { return _mm256_loadu_ps(p); }
  WEFT_FORCE void store(float* p, Pf a) { _mm256_storeu_ps(p, a); }
  WEFT_FORCE Pf add(Pf a, Pf b) { return _mm256_add_ps(a, b); }
  WEFT_FORCE Pf sub(Pf a, Pf b) { return _mm256_sub_ps(a, b); }
  WEFT_FORCE Pf mul(Pf a, Pf b) { return _mm256_mul_ps(a, b); }
  WEFT_FORCE Pf div(Pf a, Pf b) { return _mm256_div_ps(a, b); }
  WEFT_FORCE Pf fma(Pf a, Pf b, Pf c) { return _mm256_fmadd_ps(a, b, c); }
  WEFT_FORCE Pf min(Pf a, Pf b) { return _mm256_min_ps(a, b); }
  WEFT_FORCE Pf max(Pf a, Pf b) { return _mm256_max_ps(a, b); }
  WEFT_FORCE Pf select_less(Pf a, Pf b, Pf x, Pf y) { return _mm256_blendv_ps(y, x, _mm256_cmp_ps(a, b, _CMP_LT_OQ)); }
  WEFT_FORCE Pi as_int(Pf a) { return _mm256_castps_si256(a); }
  WEFT_FORCE Pf as_float(Pi a) { return _mm256_castsi256_ps(a); }
  WEFT_FORCE Pi round(Pf a) {
    const Pf shift = set(12582912.0f);  // not cvtps: the sum rounds alike on every machine
    return isub(as_int(add(a, shift)), as_int(shift));
  }
  WEFT_FORCE Pf to_float(Pi a) { return _mm256_cvtepi32_ps(a); }

  WEFT_FORCE Pi iset(std::int32_t x) { return _mm256_set1_epi32(x); }
  WEFT_FORCE Pi iadd(Pi a, Pi b) { return _mm256_add_epi32(a, b); }
  WEFT_FORCE Pi isub(Pi a, Pi b) { return _mm256_sub_epi32(a, b); }
  WEFT_FORCE Pi imax(Pi a, Pi b) { return _mm256_max_epi32(a, b); }
  WEFT_FORCE Pi iand(Pi a, Pi b) { return _mm256_and_si256(a, b); }
  WEFT_FORCE Pi ior(Pi a, Pi b) { return _mm256_or_si256(a, b); }
  WEFT_FORCE Pi ixor(Pi a, Pi b) { return _mm256_xor_si256(a, b); }
  template <int n> WEFT_FORCE Pi shift_left(Pi a) { return _mm256_slli_epi32(a, n); }
  template <int n> WEFT_FORCE Pi shift_right(Pi a) { return _mm256_srai_epi32(a, n); }
  WEFT_FORCE std::int32_t highest(Pi a) {
    __m128i x = _mm_max_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    x = _mm_max_epi32(x, _mm_shuffle_epi32(x, 0x4e));
    x = _mm_max_epi32(x, _mm_shuffle_epi32(x, 0xb1));
    return _mm_cvtsi128_si32(x);
  }
  WEFT_FORCE std::int32_t sum(Pi a) {
    __m128i x = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0x4e));
    x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0xb1));
    return _mm_cvtsi128_si32(x);
  }
  WEFT_FORCE void store_bytes(std::int8_t* p, const Pi (&a)[2], const Pi (&b)[2]) {
    // Packing works on halves of registers: fours of bytes come out as a0 a2 b0 b2 a1 a3 b1 b3.
    const Pi mixed = _mm256_packs_epi16(_mm256_packs_epi32(a[0], a[1]), _mm256_packs_epi32(b[0], b[1]));
    const Pi ordered = _mm256_permutevar8x32_epi32(mixed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), ordered);
  }

  WEFT_FORCE Pf load_f16(const std::byte* p) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  WEFT_FORCE Pf load_bf16(const std::byte* p) {
    return as_float(shift_left<16>(_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))));
  }
  WEFT_FORCE void store_f16(std::byte* p, Pf a) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  WEFT_FORCE void unzip(Pf a, Pf b, Pf& even, Pf& odd) {
    const Pf low = _mm256_permute2f128_ps(a, b, 0x20), high = _mm256_permute2f128_ps(a, b, 0x31);
    even = _mm256_shuffle_ps(low, high, 0x88);
    odd = _mm256_shuffle_ps(low, high, 0xdd);
  }
  WEFT_FORCE void zip(Pf even, Pf odd, Pf& a, Pf& b) {
    const Pf low = _mm256_unpacklo_ps(even, odd), high = _mm256_unpackhi_ps(even, odd);
    a = _mm256_permute2f128_ps(low, high, 0x20);
    b = _mm256_permute2f128_ps(low, high, 0x31);
  }

  // Nibbles: 8 products of pairs, each at most 2 * 15 * 127, fit 16 bits, so that one widening serves a block.
  using Nibbles = __m256i;
  WEFT_FORCE Pi load_lanes(const std::byte* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
  using Spread = Pi;  ///< 4 bytes for every lane: group g of 16 at p
  WEFT_FORCE Spread broadcast(const std::int8_t* p, int g) { std::int32_t x; std::memcpy(&x, p + 4 * g, 4); return _mm256_set1_epi32(x); }
  WEFT_FORCE Pi low_nibbles(Pi a) { return _mm256_and_si256(a, _mm256_set1_epi8(15)); }
  WEFT_FORCE Pi high_nibbles(Pi a) { return _mm256_and_si256(_mm256_srli_epi16(a, 4), _mm256_set1_epi8(15)); }
  WEFT_FORCE Pi lookup(const std::int8_t* table, Pi nibbles) {
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table))), nibbles);
  }
  WEFT_FORCE Nibbles nibbles_start(Pi) { return _mm256_setzero_si256(); }
  WEFT_FORCE Nibbles nibbles_add(Nibbles s, Pi w, Pi x) {
    return keep_order(_mm256_add_epi16(s, _mm256_maddubs_epi16(w, x)));
  }
  WEFT_FORCE Pi nibbles_sum(Nibbles s, Pi from) { return iadd(_mm256_madd_epi16(s, _mm256_set1_epi16(1)), from); }
  // Signed bytes: |w| * (x with the sign of w); a pair is at most 2 * 128 * 127 and so never saturates.
  struct Signed { Pi magnitude, value; };
  WEFT_FORCE Signed as_signed(Pi w) { return {_mm256_abs_epi8(w), w}; }
  WEFT_FORCE Pi signed_start(std::int32_t) { return _mm256_setzero_si256(); }
  WEFT_FORCE Pi signed_add(Pi s, Signed w, Pi x) {
    const __m256i pairs = _mm256_maddubs_epi16(w.magnitude, _mm256_sign_epi8(x, w.value));
    return keep_order(iadd(s, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1))));
  }
  // Unsigned bytes of at most 127.
  WEFT_FORCE Pi unsigned_add(Pi s, Pi w, Pi x) {
    return keep_order(iadd(s, _mm256_madd_epi16(_mm256_maddubs_epi16(w, x), _mm256_set1_epi16(1))));
  }
  WEFT_FORCE Pi load_i8(const std::byte* p) { return _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))); }
  WEFT_FORCE void prefetch(const std::byte* p) { _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0); }

 private:
  /// Forbids g++ to turn a chain of integer additions into a tree, for which all products would have to be kept.
  WEFT_FORCE Pi keep_order(Pi a) { __asm__("" : "+x"(a)); return a; }
};
// clang-format on

#include "weft/backend/cpu/loops.inl"

inline constexpr Kernels table = kernels_named("avx2");

}  // namespace weft::cpu::avx2

#if defined(__clang__)
#pragma float_control(pop)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
