// Macros for code inside a target region (see avx2.ipp): helpers vanish into their callers, short loops into straight code.
#pragma once

#define WEFT_FORCE [[gnu::always_inline]] static inline

#if defined(__clang__)
#define WEFT_UNROLL _Pragma("clang loop unroll(full)")
#else
#define WEFT_UNROLL _Pragma("GCC unroll 16")
#endif
