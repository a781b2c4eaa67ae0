// From floats to a tensor's bytes. The inverse of quant/dequantize.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "weft/core/config.hpp"
#include "weft/core/dtype.hpp"

namespace weft {

/// F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K and Q6_K.
[[nodiscard]] constexpr bool can_quantize(DType type) noexcept {
  switch (type) {
    case DType::f32: case DType::f16: case DType::bf16:
    case DType::q4_0: case DType::q4_1: case DType::q5_0: case DType::q5_1: case DType::q8_0:
    case DType::q4_k: case DType::q5_k: case DType::q6_k: return true;
    default: return false;
  }
}

/// Writes the bytes of count / (block size) blocks, to any address.
///
/// F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1 and Q8_0: the bits of gguf.quants.quantize, whatever the compiler's flags. Q4_K, Q5_K and
/// Q6_K: scales (and minima) of each sub-block by weighted least squares from many starting points, then the nearest
/// whole scales around those; the weights are those of ggml without an importance matrix, |x| + rms(x) of the sub-block
/// for Q4_K and Q5_K, x^2 for Q6_K.
///
/// Throws Error(unsupported) for a type that `can_quantize` does not know, Error(argument) for a count that is negative
/// or no whole number of blocks and, for a block format, for a value that is infinite, NaN or too large for its scale (f16).
void quantize(DType type, const float* values, std::int64_t count, std::byte* out);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/quant/quantize.ipp"
#endif
