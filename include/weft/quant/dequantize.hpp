// From a tensor's bytes to floats, bit for bit as PyPI's gguf computes them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "weft/core/config.hpp"
#include "weft/core/dtype.hpp"
#include "weft/quant/blocks.hpp"

namespace weft {

/// F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K .. Q6_K, IQ4_NL, IQ4_XS and MXFP4: what can be decoded with.
[[nodiscard]] constexpr bool can_dequantize(DType type) noexcept {
  return type == DType::f32 || type == DType::f16 || type == DType::bf16 || quant_layout(type).values != 0;
}

/// Writes `count` floats from the bytes of count / (block size) blocks, which may lie at any address.
///
/// Equal to gguf.quants.dequantize bit for bit whatever the compiler's flags and level (a NaN is a NaN), denormal scales
/// included. Throws Error(unsupported) for a type that `can_dequantize` does not know, Error(argument) for a count that
/// is negative or no whole number of blocks.
void dequantize(DType type, const std::byte* bytes, std::int64_t count, float* out);

/// Unpacks `blocks` blocks one after the other: q[blocks * layout.values], d[blocks * layout.subs()] and, if
/// layout.has_min, m of the same size as d (else m is not touched and may be null), for layout = quant_layout(type).
/// Throws Error(unsupported) for a type without an unpacker.
void unpack_blocks(DType type, const std::byte* bytes, std::int64_t blocks, std::int8_t* q, float* d, float* m);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/quant/dequantize.ipp"
#endif
