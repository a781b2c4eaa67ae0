// Definitions of sample/softmax.hpp.
#pragma once

#include "weft/sample/softmax.hpp"

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif

namespace weft::detail::avx2 {
using Vec = float __attribute__((vector_size(32)));
using VecInt = std::int32_t __attribute__((vector_size(32)));
#include "weft/sample/softmax_block.inl"
}  // namespace weft::detail::avx2

#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl")
#endif

namespace weft::detail::avx512 {
using Vec = float __attribute__((vector_size(64)));
using VecInt = std::int32_t __attribute__((vector_size(64)));
#include "weft/sample/softmax_block.inl"
}  // namespace weft::detail::avx512

#if defined(__clang__)
#pragma clang attribute pop
#else
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

WEFT_INLINE float exp_sum_block(const float* x, float max) noexcept { WEFT_WIDEST(exp_sum_block(x, max)) }
WEFT_INLINE double exp_sum_blocks(const float* x, std::size_t blocks, float max, double sum, double* running) noexcept {
  WEFT_WIDEST(exp_sum_blocks(x, blocks, max, sum, running))
}
WEFT_INLINE void add_spread_blocks(const float* x, std::size_t blocks, float max, Spread& into) noexcept {
  WEFT_WIDEST(add_spread_blocks(x, blocks, max, into))
}
WEFT_INLINE void add_moments_blocks(const float* x, std::size_t blocks, float max, Moments& into) noexcept {
  WEFT_WIDEST(add_moments_blocks(x, blocks, max, into))
}
WEFT_INLINE float greatest_of(const float* x, std::size_t n, bool& broken) noexcept { WEFT_WIDEST(greatest_of(x, n, broken)) }
WEFT_INLINE void exclude_below_in(float* x, std::size_t n, float border) noexcept { WEFT_WIDEST(exclude_below_in(x, n, border)) }
WEFT_INLINE void exclude_outside_in(float* x, std::size_t n, float centre, float width) noexcept {
  WEFT_WIDEST(exclude_outside_in(x, n, centre, width))
}
WEFT_INLINE void divide_in(float* x, std::size_t n, float divisor) noexcept { WEFT_WIDEST(divide_in(x, n, divisor)) }
WEFT_INLINE std::size_t next_block_above(const float* x, std::size_t from, std::size_t blocks, float bound) noexcept {
  WEFT_WIDEST(next_block_above(x, from, blocks, bound))
}
WEFT_INLINE std::size_t next_block_within(const float* x, std::size_t from, std::size_t blocks, float centre, float width) noexcept {
  WEFT_WIDEST(next_block_within(x, from, blocks, centre, width))
}

#undef WEFT_WIDEST

}  // namespace weft::detail
