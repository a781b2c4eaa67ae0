// Quantisers of the formats with scales of scales: Q4_K, Q5_K and Q6_K. Blocks are 256 values; formats as in quant/blocks.hpp.
#pragma once

#include <cstddef>

#include "weft/core/config.hpp"

namespace weft::detail {

/// Each takes 256 finite values and writes one block (144, 176 and 210 bytes).
void quantize_q4_k(const float* x, std::byte* out);
void quantize_q5_k(const float* x, std::byte* out);
void quantize_q6_k(const float* x, std::byte* out);

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/quant/quantize_super.ipp"
#endif
