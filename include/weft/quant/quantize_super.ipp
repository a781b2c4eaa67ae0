// Definitions of quant/quantize_super.hpp.
//
// A sub-block is fitted by weighted least squares, x ~ d q (+ m): for given integers q the best d and m are those of a
// linear regression, and for given d and m the best q are the nearest; the two steps alternate from several starting
// points (Lloyd's algorithm). Then d and m of all sub-blocks are rounded to multiples of the block's own two scales, and for
// each sub-block the best of the neighbouring multiples is taken.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "weft/quant/float16.hpp"
#include "weft/quant/quantize_super.hpp"

namespace weft::detail {

inline constexpr int super_values = 256;

/// The nearest whole number in [low, high].
inline float nearest(float x, float low, float high) noexcept { return std::clamp(std::nearbyint(x), low, high); }

/// w = d * q + m, where m <= 0, or with m = 0 always.
struct Fit {
  float d = 0, m = 0;
  double error = 0;
};

/// Sub-block of n values: weights w, integers in [low, high].
struct SubBlock {
  const float* x;
  const float* w;
  int n;
  float low, high;

  /// The weighted error of d and m, with the nearest integers.
  [[nodiscard]] double error(float d, float m) const noexcept {
    const float inverse = d == 0 ? 0 : 1 / d;
    float sum = 0;
    for (int i = 0; i < n; ++i) {
      const float q = nearest((x[i] - m) * inverse, low, high);
      const float rest = x[i] - (d * q + m);
      sum += w[i] * rest * rest;
    }
    return static_cast<double>(sum);
  }

  /// The regression of x on the integers nearest under d and m.
  [[nodiscard]] Fit regress(float d, float m, bool with_min) const noexcept {
    const float inverse = d == 0 ? 0 : 1 / d;
    double sw = 0, sq = 0, sqq = 0, sx = 0, sxq = 0;
    for (int i = 0; i < n; ++i) {
      const float q = nearest((x[i] - m) * inverse, low, high);
      const float wq = w[i] * q;
      sw += static_cast<double>(w[i]);
      sq += static_cast<double>(wq);
      sqq += static_cast<double>(wq * q);
      sx += static_cast<double>(w[i] * x[i]);
      sxq += static_cast<double>(wq * x[i]);
    }
    Fit fit;
    const double determinant = sw * sqq - sq * sq;
    if (with_min && determinant > 0) {
      fit.d = static_cast<float>((sw * sxq - sq * sx) / determinant);
      fit.m = static_cast<float>((sqq * sx - sq * sxq) / determinant);
    }
    if (!with_min || determinant <= 0 || fit.m > 0) {
      fit.m = 0;
      fit.d = sqq > 0 ? static_cast<float>(sxq / sqq) : 0;
    }
    return fit;
  }

  void improve(Fit& best, float d, float m, bool with_min) const noexcept {
    for (int round = 0; round < 3; ++round) {
      Fit next = regress(d, m, with_min);
      next.error = error(next.d, next.m);
      if (!(next.error < best.error)) return;
      best = next;
      d = next.d;
      m = next.m;
    }
  }
};

/// Integers in [0, top] with a minimum that is not above 0.
inline Fit fit_with_min(const SubBlock& sub) noexcept {
  const auto [least, greatest] = std::minmax_element(sub.x, sub.x + sub.n);
  const float min = std::min(*least, 0.0f), range = *greatest - min;
  Fit best;
  best.m = min;
  best.error = sub.error(0, min);
  if (!(range > 0)) return best;
  for (int step = -10; step <= 10; ++step) sub.improve(best, range / (sub.high + 0.1f * static_cast<float>(step)), min, true);
  return best;
}

/// Integers in [-high - 1, high] without a minimum; d may be negative.
inline Fit fit_symmetric(const SubBlock& sub) noexcept {
  float greatest = sub.x[0];
  for (int i = 1; i < sub.n; ++i)
    if (std::fabs(sub.x[i]) > std::fabs(greatest)) greatest = sub.x[i];
  Fit best;
  best.error = sub.error(0, 0);
  if (greatest == 0) return best;
  for (int step = -9; step <= 9; ++step) {
    const float d = greatest / (sub.low + 0.1f * static_cast<float>(step));
    sub.improve(best, d, 0, false);
    sub.improve(best, -d, 0, false);
  }
  return best;
}

/// Weights of ggml without an importance matrix, for formats with a minimum.
inline void weigh(const float* x, int n, float* w) noexcept {
  float squares = 0;
  for (int i = 0; i < n; ++i) squares += x[i] * x[i];
  const float rms = std::sqrt(squares / static_cast<float>(n));
  for (int i = 0; i < n; ++i) w[i] = rms + std::fabs(x[i]);
}

/// The two f16 scales, the 6-bit multiples of them, and the integers of a block of Q4_K or Q5_K.
struct AffineBlock {
  std::uint16_t d = 0, min = 0;
  std::array<std::uint8_t, 8> scales{}, mins{};
  std::array<std::uint8_t, super_values> q{};
};

/// The pair of multiples, within one of (scale, min) each, that serves the sub-block best.
inline void choose_multiples(const SubBlock& sub, float d, float min, std::uint8_t& scale, std::uint8_t& minimum) noexcept {
  const int s0 = scale, m0 = minimum;
  double best = INFINITY;
  for (int s = std::max(s0 - 1, 0); s <= std::min(s0 + 1, 63); ++s)
    for (int m = std::max(m0 - 1, 0); m <= std::min(m0 + 1, 63); ++m) {
      const double error = sub.error(d * static_cast<float>(s), -(min * static_cast<float>(m)));
      if (error < best) {
        best = error;
        scale = static_cast<std::uint8_t>(s);
        minimum = static_cast<std::uint8_t>(m);
      }
    }
}

WEFT_INLINE AffineBlock quantize_affine_block(const float* x, float top) {
  std::array<float, super_values> w;
  std::array<Fit, 8> fits;
  float max_d = 0, max_m = 0;
  const auto sub = [&](std::size_t s) { return SubBlock{x + 32 * s, w.data() + 32 * s, 32, 0, top}; };
  for (std::size_t s = 0; s < 8; ++s) {
    weigh(x + 32 * s, 32, w.data() + 32 * s);
    fits[s] = fit_with_min(sub(s));
    max_d = std::max(max_d, fits[s].d);
    max_m = std::max(max_m, -fits[s].m);
  }
  AffineBlock block;
  block.d = f32_to_f16(max_d / 63);
  block.min = f32_to_f16(max_m / 63);
  const float d = f16_to_f32(block.d), min = f16_to_f32(block.min);
  for (std::size_t s = 0; s < 8; ++s) {
    block.scales[s] = static_cast<std::uint8_t>(d > 0 ? nearest(fits[s].d / d, 0, 63) : 0);
    block.mins[s] = static_cast<std::uint8_t>(min > 0 ? nearest(-fits[s].m / min, 0, 63) : 0);
    choose_multiples(sub(s), d, min, block.scales[s], block.mins[s]);
    const float step = d * static_cast<float>(block.scales[s]), offset = -(min * static_cast<float>(block.mins[s]));
    const float inverse = step == 0 ? 0 : 1 / step;
    for (std::size_t i = 32 * s; i < 32 * (s + 1); ++i) block.q[i] = static_cast<std::uint8_t>(nearest((x[i] - offset) * inverse, 0, top));
  }
  return block;
}

/// f16 d, f16 min and the twelve bytes of scales; the inverse of k_scales of quant/blocks.hpp.
inline void put_affine_head(const AffineBlock& block, std::byte* out) noexcept {
  std::memcpy(out, &block.d, 2);
  std::memcpy(out + 2, &block.min, 2);
  for (std::size_t s = 0; s < 4; ++s) {
    const std::uint32_t scale = block.scales[s], min = block.mins[s], scale4 = block.scales[s + 4], min4 = block.mins[s + 4];
    out[4 + s] = static_cast<std::byte>(scale | scale4 >> 4 << 6);
    out[8 + s] = static_cast<std::byte>(min | min4 >> 4 << 6);
    out[12 + s] = static_cast<std::byte>((scale4 & 15) | (min4 & 15) << 4);
  }
}

/// Lower four bits: sub-blocks 2g and 2g + 1 share 32 bytes.
inline void put_affine_nibbles(const AffineBlock& block, std::byte* out) noexcept {
  for (std::size_t g = 0; g < 4; ++g)
    for (std::size_t i = 0; i < 32; ++i) {
      const std::uint32_t low = block.q[64 * g + i] & 15u, high = block.q[64 * g + 32 + i] & 15u;
      out[32 * g + i] = static_cast<std::byte>(low | high << 4);
    }
}

WEFT_INLINE void quantize_q4_k(const float* x, std::byte* out) {
  const auto block = quantize_affine_block(x, 15);
  put_affine_head(block, out);
  put_affine_nibbles(block, out + 16);
}

WEFT_INLINE void quantize_q5_k(const float* x, std::byte* out) {
  const auto block = quantize_affine_block(x, 31);
  put_affine_head(block, out);
  for (std::size_t i = 0; i < 32; ++i) {
    std::uint32_t bits = 0;
    for (std::size_t s = 0; s < 8; ++s) bits |= (block.q[32 * s + i] >> 4 & 1u) << s;
    out[16 + i] = static_cast<std::byte>(bits);
  }
  put_affine_nibbles(block, out + 48);
}

WEFT_INLINE void quantize_q6_k(const float* x, std::byte* out) {
  std::array<float, super_values> w;
  std::array<Fit, 16> fits;
  for (std::size_t i = 0; i < super_values; ++i) w[i] = x[i] * x[i];
  const auto sub = [&](std::size_t s) { return SubBlock{x + 16 * s, w.data() + 16 * s, 16, -32, 31}; };
  float greatest = 0;
  for (std::size_t s = 0; s < 16; ++s) {
    fits[s] = fit_symmetric(sub(s));
    if (std::fabs(fits[s].d) > std::fabs(greatest)) greatest = fits[s].d;
  }
  const std::uint16_t half = f32_to_f16(greatest / -128);  // the greatest becomes -128: int8 reaches one further down
  const float d = f16_to_f32(half);
  std::array<std::uint8_t, super_values> q{};
  for (std::size_t s = 0; s < 16; ++s) {
    const float wanted = d == 0 ? 0 : nearest(fits[s].d / d, -128, 127);
    float best = wanted;
    double least = INFINITY;
    for (float scale = std::max(wanted - 1, -128.0f); scale <= std::min(wanted + 1, 127.0f); ++scale)
      if (const double error = sub(s).error(d * scale, 0); error < least) least = error, best = scale;
    out[192 + s] = static_cast<std::byte>(static_cast<std::int8_t>(best));
    const float step = d * best, inverse = step == 0 ? 0 : 1 / step;
    for (std::size_t i = 16 * s; i < 16 * (s + 1); ++i) q[i] = static_cast<std::uint8_t>(nearest(x[i] * inverse, -32, 31) + 32);
  }
  for (std::size_t h = 0; h < 2; ++h)
    for (std::size_t i = 0; i < 32; ++i) {
      std::uint32_t value[4];
      for (std::size_t k = 0; k < 4; ++k) value[k] = q[128 * h + 32 * k + i];
      for (std::size_t k = 0; k < 2; ++k) out[64 * h + 32 * k + i] = static_cast<std::byte>((value[k] & 15) | (value[k + 2] & 15) << 4);
      out[128 + 32 * h + i] = static_cast<std::byte>(value[0] >> 4 | value[1] >> 4 << 2 | value[2] >> 4 << 4 | value[3] >> 4 << 6);
    }
  std::memcpy(out + 208, &half, 2);
}

}  // namespace weft::detail
