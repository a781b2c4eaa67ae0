// Cosines and sines of rotary positions, and the scalings of their frequencies that model files ask for.
#pragma once

#include <cmath>
#include <cstdint>

#include "weft/nn/program.hpp"

namespace weft::nn {

struct SinCos {
  double sin, cos;
};

/// sin and cos of x, |x| < 2^30, to within 2^-50: own polynomials by explicit fma, so that every compiler and C library gives
/// the same bits (a library's sin may differ in the last place). Taylor coefficients on [-pi/4, pi/4].
inline SinCos sin_cos(double x) noexcept {
  const double k = std::nearbyint(x * 0.63661977236758134);
  double r = std::fma(-k, 1.5707963267948966, x);  // pi/2 in two parts
  r = std::fma(-k, 6.123233995736766e-17, r);
  const double z = r * r;
  double s = -1.0 / 1307674368000.0;
  for (const double c : {1.0 / 6227020800.0, -1.0 / 39916800.0, 1.0 / 362880.0, -1.0 / 5040.0, 1.0 / 120.0, -1.0 / 6.0})
    s = std::fma(s, z, c);
  s = std::fma(s * z, r, r);
  double c = 1.0 / 20922789888000.0;
  for (const double d : {-1.0 / 87178291200.0, 1.0 / 479001600.0, -1.0 / 3628800.0, 1.0 / 40320.0, -1.0 / 720.0, 1.0 / 24.0, -0.5, 1.0})
    c = std::fma(c, z, d);
  switch (static_cast<std::int64_t>(k) & 3) {
    case 0: return {s, c};
    case 1: return {c, -s};
    case 2: return {-s, -c};
    default: return {-c, s};
  }
}

/// out = [dim / 2 cosines, dim / 2 sines] at `position`. The angle is rounded to float32, as Hugging Face computes it.
inline void fill_cos_sin(const RopeRef& rope, std::int64_t position, float* out) noexcept {
  const auto half = rope.dim / 2;
  for (std::int64_t i = 0; i < half; ++i) {
    const float angle = static_cast<float>(position) * rope.inverse_frequencies[i];
    const auto [sin, cos] = sin_cos(static_cast<double>(angle));
    out[i] = static_cast<float>(cos) * rope.attention_factor;
    out[half + i] = static_cast<float>(sin) * rope.attention_factor;
  }
}

}  // namespace weft::nn
