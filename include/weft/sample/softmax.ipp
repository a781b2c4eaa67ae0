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
#else
#pragma GCC pop_options
#endif
#endif

namespace weft::detail {

#if defined(__x86_64__)
WEFT_INLINE bool has_avx2() noexcept {
  static const bool has = __builtin_cpu_supports("avx2");
  return has;
}
#endif

WEFT_INLINE float exp_sum_block(const float* x, float max) noexcept {
#if defined(__x86_64__)
  if (has_avx2()) return avx2::exp_sum_block(x, max);
#endif
  return base::exp_sum_block(x, max);
}

WEFT_INLINE void add_spread_block(const float* x, float max, Spread& into) noexcept {
#if defined(__x86_64__)
  if (has_avx2()) return avx2::add_spread_block(x, max, into);
#endif
  return base::add_spread_block(x, max, into);
}

WEFT_INLINE float greatest_of(const float* x, std::size_t n, bool& broken) noexcept {
#if defined(__x86_64__)
  if (has_avx2()) return avx2::greatest_of(x, n, broken);
#endif
  return base::greatest_of(x, n, broken);
}

WEFT_INLINE void exclude_below_in(float* x, std::size_t n, float border) noexcept {
#if defined(__x86_64__)
  if (has_avx2()) return avx2::exclude_below_in(x, n, border);
#endif
  return base::exclude_below_in(x, n, border);
}

WEFT_INLINE void divide_in(float* x, std::size_t n, float divisor) noexcept {
#if defined(__x86_64__)
  if (has_avx2()) return avx2::divide_in(x, n, divisor);
#endif
  return base::divide_in(x, n, divisor);
}

}  // namespace weft::detail
