// Compile-time configuration: the few macros of the library (all are prefixed WEFT_).
#pragma once

#ifdef __FAST_MATH__
#error "Weft needs IEEE arithmetic: -ffast-math would change the order of sums, and with it the promise that the same model gives the same bits everywhere. Compile Weft without it."
#endif

// Functions that are costly to compile live in .ipp files. Header-only (the default), the headers include them and
// WEFT_INLINE is `inline`. With WEFT_COMPILED (the target weft::compiled), the headers only declare them and one
// library holds them.
#ifdef WEFT_COMPILED
#define WEFT_INLINE
#else
#define WEFT_INLINE inline
#endif
