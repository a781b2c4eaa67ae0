// Definitions of sample/softmax.hpp.
#pragma once

#include "weft/sample/softmax.hpp"
// needs that
#include "weft/sample/four_lanes.inl"

#if defined(__x86_64__)
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif

namespace weft::detail::avx2 {
using Vec = float __attribute__((vector_size(32)));
using VecInt = std::int32_t __attribute__((vector_size(32)));
inline Vec fused(Vec a, Vec b, Vec c) noexcept { return _mm256_fmadd_ps(a, b, c); }
inline Vec greater(Vec a, Vec b) noexcept { return _mm256_max_ps(a, b); }
inline unsigned lane_bits(VecInt v) noexcept {
  __m256i bits;
  std::memcpy(&bits, &v, sizeof bits);
  return static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(bits)));
}
inline unsigned bits_above(Vec v, Vec bound) noexcept { return lane_bits(v > bound); }
inline unsigned bits_from(Vec v, Vec bound) noexcept { return lane_bits(v >= bound); }
inline unsigned nan_bits(Vec a, Vec b, Vec c, Vec d) noexcept {
  return static_cast<unsigned>(_mm256_movemask_ps(_mm256_or_ps(_mm256_cmp_ps(a, b, _CMP_UNORD_Q), _mm256_cmp_ps(c, d, _CMP_UNORD_Q))));
}
#include "weft/sample/softmax_block.inl"
#include "weft/sample/pack_lanes.inl"
#include "weft/sample/survey_block.inl"
}  // namespace weft::detail::avx2

#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl")
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12's own AVX-512 headers (its bug 105593)
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

namespace weft::detail::avx512 {
using Vec = float __attribute__((vector_size(64)));
using VecInt = std::int32_t __attribute__((vector_size(64)));
inline Vec fused(Vec a, Vec b, Vec c) noexcept { return _mm512_fmadd_ps(a, b, c); }
inline Vec greater(Vec a, Vec b) noexcept { return _mm512_max_ps(a, b); }
inline unsigned lane_bits(VecInt v) noexcept {
  __m512i bits;
  std::memcpy(&bits, &v, sizeof bits);
  return _mm512_movepi32_mask(bits);
}
inline unsigned bits_above(Vec v, Vec bound) noexcept { return _mm512_cmp_ps_mask(v, bound, _CMP_GT_OQ); }
inline unsigned bits_from(Vec v, Vec bound) noexcept { return _mm512_cmp_ps_mask(v, bound, _CMP_GE_OQ); }
inline unsigned nan_bits(Vec a, Vec b, Vec c, Vec d) noexcept {
  return _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q) | _mm512_cmp_ps_mask(c, d, _CMP_UNORD_Q);
}
#include "weft/sample/softmax_block.inl"
inline constexpr bool bounds = false;
inline Vec bounded(Vec v) noexcept { return v; }
struct Power {
  Vec fraction, whole;
};
inline Power split(Vec t) noexcept { return {_mm512_reduce_ps(t, _MM_FROUND_TO_NEG_INF), t}; }
inline Vec scaled(Vec p, const Power& t) noexcept { return _mm512_scalef_ps(p, t.whole); }  // by its floor
template <bool with_ids>
inline std::size_t pack(Vec v, unsigned bits, std::int32_t first, float* values, std::int32_t* ids) noexcept {
  const auto mask = static_cast<__mmask16>(bits);
  _mm512_storeu_ps(values, _mm512_maskz_compress_ps(mask, v));  // a store by compressing is many times slower than one of all
  if constexpr (with_ids) {
    const __m512i id = _mm512_add_epi32(_mm512_set1_epi32(first), _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    _mm512_storeu_si512(ids, _mm512_maskz_compress_epi32(mask, id));
  }
  return static_cast<std::size_t>(__builtin_popcount(bits));
}
#include "weft/sample/survey_block.inl"
}  // namespace weft::detail::avx512

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC diagnostic pop
#pragma GCC pop_options
#endif
#endif

namespace weft::detail {

#if defined(__x86_64__)
/// Lanes of the widest registers that there are.
WEFT_INLINE int widest_lanes() noexcept {
  static const int lanes = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
                                   __builtin_cpu_supports("avx512vl")
                               ? 16
                               : __builtin_cpu_supports("avx2") ? 8 : 4;
  return lanes;
}
#define WEFT_WIDEST(call)           \
  switch (widest_lanes()) {         \
    case 16: return avx512::call;   \
    case 8: return avx2::call;      \
    default: return base::call;     \
  }
#else
#define WEFT_WIDEST(call) return base::call;
#endif

WEFT_INLINE void exp_scan(const float* x, float max, float* weights) noexcept { WEFT_WIDEST(exp_scan(x, max, weights)) }
WEFT_INLINE double exp_sum_blocks(const float* x, std::size_t blocks, float max, double sum, double* running) noexcept {
  WEFT_WIDEST(exp_sum_blocks(x, blocks, max, sum, running))
}
WEFT_INLINE void add_moments_blocks(const float* x, std::size_t blocks, float max, Moments& into) noexcept {
  WEFT_WIDEST(add_moments_blocks(x, blocks, max, into))
}
WEFT_INLINE float greatest_of(const float* x, std::size_t blocks, bool& broken) noexcept { WEFT_WIDEST(greatest_of(x, blocks, broken)) }
WEFT_INLINE float peaks_of(const float* x, std::size_t blocks, float* peaks, bool& broken) noexcept {
  WEFT_WIDEST(peaks_of(x, blocks, peaks, broken))
}
WEFT_INLINE float weigh_blocks(const float* x, std::size_t blocks, float base, float* peaks, bool with_mean, Weighed& into) noexcept {
  WEFT_WIDEST(weigh_blocks(x, blocks, base, peaks, with_mean, into))
}
WEFT_INLINE double weigh_above(const float* x, std::size_t blocks, float base, float bound) noexcept {
  WEFT_WIDEST(weigh_above(x, blocks, base, bound))
}
WEFT_INLINE void weigh(const float* x, std::size_t n, float base, float* weights) noexcept { WEFT_WIDEST(weigh(x, n, base, weights)) }
WEFT_INLINE std::size_t list_above(const float* x, std::size_t blocks, const float* peaks, float bound, std::uint32_t* list) noexcept {
  WEFT_WIDEST(list_above(x, blocks, peaks, bound, list))
}
WEFT_INLINE std::size_t take_above(const float* x, const std::uint32_t* list, std::size_t n, float bound, float high, std::int32_t first,
                                   float* values, std::int32_t* ids) noexcept {
  WEFT_WIDEST(take_above(x, list, n, bound, high, first, values, ids))
}
WEFT_INLINE std::size_t lane_maxima(const float* x, std::size_t scanned, std::size_t group, float* out) noexcept {
  WEFT_WIDEST(lane_maxima(x, scanned, group, out))
}
WEFT_INLINE void divide_in(float* x, std::size_t blocks, float divisor) noexcept { WEFT_WIDEST(divide_in(x, blocks, divisor)) }
WEFT_INLINE void exclude_all_in(float* x, std::size_t blocks) noexcept { WEFT_WIDEST(exclude_all_in(x, blocks)) }
WEFT_INLINE std::size_t exclude_below_in(float* x, std::size_t begin, std::size_t end, const float* peaks, float border, std::uint32_t* live) noexcept {
  WEFT_WIDEST(exclude_below_in(x, begin, end, peaks, border, live))
}
WEFT_INLINE std::size_t exclude_outside_in(float* x, std::size_t begin, std::size_t end, const float* peaks, float centre, float width,
                                           std::uint32_t* live) noexcept {
  WEFT_WIDEST(exclude_outside_in(x, begin, end, peaks, centre, width, live))
}
WEFT_INLINE std::size_t next_scan_above(const float* x, std::size_t from, std::size_t end, float bound, std::uint64_t& found) noexcept {
  WEFT_WIDEST(next_scan_above(x, from, end, bound, found))
}
WEFT_INLINE std::size_t count_from(const float* x, std::size_t n, float bound) noexcept { WEFT_WIDEST(count_from(x, n, bound)) }
WEFT_INLINE double weight_from(const float* values, const float* weights, std::size_t n, float bound) noexcept {
  WEFT_WIDEST(weight_from(values, weights, n, bound))
}
WEFT_INLINE float kth_greatest_of(const float* x, std::size_t n, std::size_t k, std::size_t slack) noexcept { WEFT_WIDEST(kth_greatest_of(x, n, k, slack)) }
WEFT_INLINE float mass_bound(const float* values, const float* weights, std::size_t n, double mass) noexcept {
  WEFT_WIDEST(mass_bound(values, weights, n, mass))
}
WEFT_INLINE float exp_weight(float x, float max) noexcept { WEFT_WIDEST(exp_one(x - max)) }

#undef WEFT_WIDEST
#undef WEFT_SOFTMAX_UNROLL

}  // namespace weft::detail
