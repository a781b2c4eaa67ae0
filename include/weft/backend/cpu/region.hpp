// Macros for code inside a target region (see avx2.inl): helpers vanish into their callers, short loops into straight
// code.
#pragma once

// Without optimisation inlining only makes code that is slow to compile and slow to run.
#ifdef __OPTIMIZE__
#define WEFT_FORCE [[gnu::always_inline]] static inline
#define WEFT_INSIDE [[gnu::always_inline]] inline  // the same for a member that needs its object
namespace weft::cpu {
inline constexpr bool optimized = true;
}
#else
#define WEFT_FORCE static inline
#define WEFT_INSIDE inline
namespace weft::cpu {
inline constexpr bool optimized = false;
}
#endif

#if defined(__clang__)
#define WEFT_UNROLL _Pragma("clang loop unroll(full)")
#else
#define WEFT_UNROLL _Pragma("GCC unroll 16")
#endif
/// A loop over a few registers.
#define WEFT_EACH(i, n) WEFT_UNROLL for (int i = 0; i < (n); ++i)
