// Definitions of quant/dequantize.hpp.
#pragma once

#include <array>
#include <cstring>
#include <string>

#include "weft/core/error.hpp"
#include "weft/quant/dequantize.hpp"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC optimize("fp-contract=off")  // g++ would fuse d * q + m into one rounding
#endif

namespace weft::detail {

/// out[s][i] = d[s] * q[s][i] + m[s], or without m (null) the product alone: adding 0 would turn -0 into 0.
/// The product is rounded before the sum. Not inlined: a caller's options would replace those of the pragma.
#if defined(__GNUC__)
[[gnu::noinline]]
#endif
WEFT_INLINE void scale_subs(const std::int8_t* q, const float* d, const float* m, std::int64_t subs, int sub, float* out) {
#if defined(__clang__)
#pragma clang fp contract(off)
#endif
  for (std::int64_t s = 0; s < subs; ++s, q += sub, out += sub) {
    const float scale = d[s];
    if (m == nullptr) {
      for (int i = 0; i < sub; ++i) out[i] = scale * static_cast<float>(q[i]);
    } else {
      const float offset = m[s];
      for (int i = 0; i < sub; ++i) {
        const float product = scale * static_cast<float>(q[i]);
        out[i] = product + offset;
      }
    }
  }
}

}  // namespace weft::detail

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif

namespace weft {

namespace detail {

[[noreturn]] inline void fail_no_unpacker(DType type) {
  const DTypeInfo* const known = find_dtype(type);
  fail(ErrorKind::unsupported, "tensor type ", known != nullptr ? std::string(known->name) : std::to_string(static_cast<int>(type)),
       " cannot be dequantised; supported: F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, MXFP4");
}

template <class Format>
void dequantize_blocks(const std::byte* bytes, std::int64_t blocks, float* out) {
  constexpr QuantLayout layout = Format::layout;
  std::array<std::int8_t, static_cast<std::size_t>(layout.values)> q;
  std::array<float, static_cast<std::size_t>(layout.subs())> d, m;
  for (std::int64_t b = 0; b < blocks; ++b, bytes += Format::bytes, out += layout.values) {
    Format::unpack(bytes, q.data(), d.data(), m.data());
    scale_subs(q.data(), d.data(), layout.has_min ? m.data() : nullptr, layout.subs(), layout.sub, out);
  }
}

}  // namespace detail

WEFT_INLINE void dequantize(DType type, const std::byte* bytes, std::int64_t count, float* out) {
  if (!can_dequantize(type)) detail::fail_no_unpacker(type);
  const auto values = static_cast<std::int64_t>(info(type).values);
  if (count < 0 || count % values != 0)
    fail(ErrorKind::argument, "cannot dequantise ", count, " values of type ", name(type), ", expected a multiple of its block size ", values);
  if (count == 0) return;
  if (type == DType::f32) {
    std::memcpy(out, bytes, static_cast<std::size_t>(count) * sizeof(float));
  } else if (type == DType::f16) {
    for (std::int64_t i = 0; i < count; ++i) out[i] = detail::f16_at(bytes + 2 * i);
  } else if (type == DType::bf16) {
    for (std::int64_t i = 0; i < count; ++i) out[i] = bf16_to_f32(static_cast<std::uint16_t>(detail::u16_at(bytes + 2 * i)));
  } else {
    with_block_format(type, [&](auto format) { detail::dequantize_blocks<decltype(format)>(bytes, count / values, out); });
  }
}

WEFT_INLINE void unpack_blocks(DType type, const std::byte* bytes, std::int64_t blocks, std::int8_t* q, float* d, float* m) {
  const bool known = with_block_format(type, [&](auto format) {
    using Format = decltype(format);
    for (std::int64_t b = 0; b < blocks; ++b) {
      Format::unpack(bytes + b * Format::bytes, q + b * Format::layout.values, d + b * Format::layout.subs(),
                     Format::layout.has_min ? m + b * Format::layout.subs() : nullptr);
    }
  });
  if (!known) detail::fail_no_unpacker(type);
}

}  // namespace weft
