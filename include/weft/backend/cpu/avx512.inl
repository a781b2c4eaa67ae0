// The kernels for AVX-512 with VNNI: 16 lanes are one register.
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
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), \
                             apply_to = function)
#pragma float_control(push)
#pragma clang fp contract(off)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")
#pragma GCC optimize("fp-contract=off")
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12's own AVX-512 headers (its bug 105593)
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

namespace weft::cpu::avx512 {

// clang-format off
struct Part {
  using Pf = __m512;
  using Pi = __m512i;
  static constexpr int lanes = 16, count = 1;
  static constexpr int max_tile = 8;
  static constexpr int nibble_sums = 8, byte_sums = 8, column_sums = 8;

  WEFT_FORCE Pf set(float x) { return _mm512_set1_ps(x); }
  WEFT_FORCE Pf load(const float* p) { return _mm512_loadu_ps(p); }
  WEFT_FORCE void store(float* p, Pf a) { _mm512_storeu_ps(p, a); }
  WEFT_FORCE Pf add(Pf a, Pf b) { return _mm512_add_ps(a, b); }
  WEFT_FORCE Pf sub(Pf a, Pf b) { return _mm512_sub_ps(a, b); }
  WEFT_FORCE Pf mul(Pf a, Pf b) { return _mm512_mul_ps(a, b); }
  WEFT_FORCE Pf div(Pf a, Pf b) { return _mm512_div_ps(a, b); }
  WEFT_FORCE Pf fma(Pf a, Pf b, Pf c) { return _mm512_fmadd_ps(a, b, c); }
  WEFT_FORCE Pf min(Pf a, Pf b) { return _mm512_min_ps(a, b); }
  WEFT_FORCE Pf max(Pf a, Pf b) { return _mm512_max_ps(a, b); }
  WEFT_FORCE Pf select_less(Pf a, Pf b, Pf x, Pf y) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), y, x);
  }
  WEFT_FORCE float sum_of_lanes(Pf a) {
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1)), two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  WEFT_FORCE float highest_lane(Pf a) { return _mm512_reduce_max_ps(a); }
  WEFT_FORCE Pi as_int(Pf a) { return _mm512_castps_si512(a); }
  WEFT_FORCE Pf as_float(Pi a) { return _mm512_castsi512_ps(a); }
  WEFT_FORCE Pi round(Pf a) {
    const Pf shift = set(12582912.0f);  // not cvtps: the sum rounds alike on every machine
    return isub(as_int(add(a, shift)), as_int(shift));
  }
  WEFT_FORCE Pf to_float(Pi a) { return _mm512_cvtepi32_ps(a); }

  WEFT_FORCE Pi iset(std::int32_t x) { return _mm512_set1_epi32(x); }
  WEFT_FORCE Pi iadd(Pi a, Pi b) { return _mm512_add_epi32(a, b); }
  WEFT_FORCE Pi isub(Pi a, Pi b) { return _mm512_sub_epi32(a, b); }
  WEFT_FORCE Pi imax(Pi a, Pi b) { return _mm512_max_epi32(a, b); }
  WEFT_FORCE Pi iand(Pi a, Pi b) { return _mm512_and_si512(a, b); }
  WEFT_FORCE Pi ior(Pi a, Pi b) { return _mm512_or_si512(a, b); }
  WEFT_FORCE Pi ixor(Pi a, Pi b) { return _mm512_xor_si512(a, b); }
  template <int n> WEFT_FORCE Pi shift_left(Pi a) { return _mm512_slli_epi32(a, n); }
  template <int n> WEFT_FORCE Pi shift_right(Pi a) { return _mm512_srai_epi32(a, n); }
  WEFT_FORCE std::int32_t highest(Pi a) { return _mm512_reduce_max_epi32(a); }
  WEFT_FORCE std::int32_t sum(Pi a) { return _mm512_reduce_add_epi32(a); }
  WEFT_FORCE void store_bytes(std::int8_t* p, const Pi (&a)[1], const Pi (&b)[1]) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(a[0]));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p + 16), _mm512_cvtepi32_epi8(b[0]));
  }

  WEFT_FORCE void store_block(const Pi (&a)[1], const Pi (&b)[1], float d, QuantBlock& out) {
    const __m256i q = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm512_cvtepi32_epi8(a[0])), _mm512_cvtepi32_epi8(b[0]), 1);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out.q), q);
    const __m256i fours = _mm256_dpbusd_epi32(_mm256_setzero_si256(), _mm256_set1_epi8(1), q);
    const __m256i pairs = _mm256_add_epi32(fours, _mm256_shuffle_epi32(fours, 0xb1));
    const __m256i halves = _mm256_add_epi32(pairs, _mm256_shuffle_epi32(pairs, 0x4e));  // four times each
    const __m128i first = _mm256_castsi256_si128(halves), second = _mm256_extracti128_si256(halves, 1), whole = _mm_add_epi32(first, second);
    const __m128i sums = _mm_blend_epi32(_mm_blend_epi32(whole, first, 2), second, 4);
    const __m128i behind_d = _mm_blend_epi32(_mm_set1_epi32(1), _mm_shuffle_epi32(sums, 0x90), 14);
    _mm_storeu_ps(&out.d, _mm_mul_ps(_mm_set1_ps(d), _mm_cvtepi32_ps(behind_d)));  // d * (1, sum, half sums)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(&out.q_sum), _mm_blend_epi32(sums, _mm_sub_epi32(_mm_setzero_si128(), _mm_slli_epi32(whole, 3)), 8));
  }

  WEFT_FORCE Pf load_f16(const std::byte* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  WEFT_FORCE Pf load_bf16(const std::byte* p) {
    return as_float(shift_left<16>(_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))));
  }
  WEFT_FORCE void store_f16(std::byte* p, Pf a) {
    const __m256i halves = _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), halves);
  }
  WEFT_FORCE void unzip(Pf a, Pf b, Pf& even, Pf& odd) {
    const Pi index = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    even = _mm512_permutex2var_ps(a, index, b);
    odd = _mm512_permutex2var_ps(a, iadd(index, iset(1)), b);
  }
  WEFT_FORCE void zip(Pf even, Pf odd, Pf& a, Pf& b) {
    const Pi index = _mm512_set_epi32(23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    a = _mm512_permutex2var_ps(even, index, odd);
    b = _mm512_permutex2var_ps(even, iadd(index, iset(8)), odd);
  }

  using Nibbles = __m512i;
  WEFT_FORCE Pi load_lanes(const std::byte* p) { return _mm512_loadu_si512(p); }
  using Spread = const std::int8_t (*)[4];  ///< 4 bytes for every lane, group g of 16 at p: spread by the instruction that multiplies them, which g++ does not do by itself
  WEFT_FORCE Spread broadcast(const std::int8_t* p, int g) { return reinterpret_cast<Spread>(p + 4 * g); }
  WEFT_FORCE Pi dot_bytes(Pi s, Pi w, Spread x) { __asm__("vpdpbusd %2%{1to16%}, %1, %0" : "+v"(s) : "v"(w), "m"(*x)); return s; }
  WEFT_FORCE Pi low_nibbles(Pi a) { return _mm512_and_si512(a, _mm512_set1_epi8(15)); }
  WEFT_FORCE Pi high_nibbles(Pi a) { return _mm512_and_si512(_mm512_srli_epi16(a, 4), _mm512_set1_epi8(15)); }
  WEFT_FORCE Pi lookup(const std::int8_t* table, Pi nibbles) {
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table))), nibbles);
  }
  WEFT_FORCE Nibbles nibbles_start(Pi from) { return from; }
  WEFT_FORCE Nibbles nibbles_add(Nibbles s, Pi w, Spread x) { return dot_bytes(s, w, x); }
  WEFT_FORCE Pi nibbles_sum(Nibbles s, Pi) { return s; }
  // Signed bytes: (w + 128) * x as unsigned times signed, minus 128 times the sum of x.
  using Signed = __m512i;
  WEFT_FORCE Signed as_signed(Pi w) { return _mm512_xor_si512(w, _mm512_set1_epi8(-128)); }
  WEFT_FORCE Pi signed_start(std::int32_t x_sum) { return iset(-128 * x_sum); }
  WEFT_FORCE Pi signed_add(Pi s, Signed w, Spread x) { return dot_bytes(s, w, x); }
  // Unsigned bytes of at most 127.
  WEFT_FORCE Pi unsigned_add(Pi s, Pi w, Spread x) { return dot_bytes(s, w, x); }
  WEFT_FORCE Pi load_i8(const std::byte* p) { return _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
  WEFT_FORCE void prefetch(const std::byte* p) { _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0); }
};
// clang-format on

#include "weft/backend/cpu/loops.inl"

inline constexpr Kernels table = kernels_named("avx512-vnni");

}  // namespace weft::cpu::avx512

#if defined(__clang__)
#pragma float_control(pop)
#pragma clang attribute pop
#else
#pragma GCC diagnostic pop
#pragma GCC pop_options
#endif

#endif
