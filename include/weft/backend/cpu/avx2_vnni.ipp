// The kernels for AVX2 with VNNI in its VEX form (AVX-VNNI): those of AVX2 but for the products of bytes.
#pragma once

#include "weft/backend/cpu/avx2.inl"

#if WEFT_CPU_X86

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avxvnni"))), apply_to = function)
#pragma float_control(push)
#pragma clang fp contract(off)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c,avxvnni")
#pragma GCC optimize("fp-contract=off")
#endif

namespace weft::cpu::avx2_vnni {

// clang-format off
struct Part : avx2::Part {
  static constexpr int nibble_sums = 8, byte_sums = 8;

  WEFT_FORCE Nibbles nibbles_start(Pi from) { return from; }
  WEFT_FORCE Nibbles nibbles_add(Nibbles s, Pi w, Pi x) { return _mm256_dpbusd_avx_epi32(s, w, x); }
  WEFT_FORCE Pi nibbles_sum(Nibbles s, Pi) { return s; }
  // Signed bytes: (w + 128) * x as unsigned times signed, minus 128 times the sum of x.
  using Signed = __m256i;
  WEFT_FORCE Signed as_signed(Pi w) { return _mm256_xor_si256(w, _mm256_set1_epi8(-128)); }
  WEFT_FORCE Pi signed_start(std::int32_t x_sum) { return iset(-128 * x_sum); }
  WEFT_FORCE Pi signed_add(Pi s, Signed w, Pi x) { return _mm256_dpbusd_avx_epi32(s, w, x); }
  WEFT_FORCE Pi unsigned_add(Pi s, Pi w, Pi x) { return _mm256_dpbusd_avx_epi32(s, w, x); }
};
// clang-format on

inline constexpr int max_tile = avx2::max_tile;
#include "weft/backend/cpu/vector.inl"
#include "weft/backend/cpu/matmul.inl"

inline void multiply_bytes(const Panels& w, std::int64_t begin, std::int64_t end, const Operand& x, std::int64_t rows, float* out,
                           std::int64_t stride) noexcept {
  if (!quantises(w.packing)) return avx2::matmul(w, begin, end, x, rows, out, stride);
  with_block_packing(w.packing, [&]<class Format>() { multiply<Format>(w, begin, end, x, rows, out, stride); });
}

constexpr Kernels with_products_of_bytes() noexcept {
  Kernels kernels = avx2::table;
  kernels.name = "avx2-vnni";
  kernels.matmul = multiply_bytes;
  return kernels;
}
inline constexpr Kernels table = with_products_of_bytes();

}  // namespace weft::cpu::avx2_vnni

#if defined(__clang__)
#pragma float_control(pop)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace weft::cpu {
WEFT_INLINE const Kernels& avx2_kernels() noexcept { return avx2::table; }
WEFT_INLINE const Kernels& avx2_vnni_kernels() noexcept { return avx2_vnni::table; }
}  // namespace weft::cpu

#endif
