// Loops over logits: sums of exponentials over a block of 64, and passes over all. No header of its own: softmax.hpp includes it with Vec, VecInt of four
// lanes, softmax.ipp with eight. Sums are of four lanes in either, so the bits are the same.

/// e^v for v <= 0, 0 below -87. Cephes' expf: v = n ln 2 + r, e^r by a polynomial.
WEFT_NO_CONTRACTION inline Vec exp_lanes(Vec v) noexcept {
#if defined(__clang__)
#pragma clang fp contract(off)
#endif
  constexpr float magic = 12582912.0f;  // 1.5 * 2^23: adding it leaves the rounded integer in the low bits
  const Vec lowest = Vec{} - 87.0f;     // e^-87 is still a normal float
  const VecInt alive = v >= lowest;
  v = alive ? v : lowest;
  const Vec shifted = v * 1.44269504088896341f + magic;
  const Vec n = shifted - magic;
  Vec r = v - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  Vec p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  VecInt exponent, bits;
  std::memcpy(&exponent, &shifted, sizeof exponent);
  std::memcpy(&bits, &p, sizeof bits);
  bits = (bits + (exponent << 23)) & alive;  // the magic number's own bits are shifted out
  std::memcpy(&p, &bits, sizeof p);
  return p;
}

/// sum += v, four lanes after the other.
inline void add_quads(Lanes& sum, Vec v) noexcept {
  Lanes quads[sizeof(Vec) / sizeof(Lanes)];
  std::memcpy(quads, &v, sizeof quads);
  for (const Lanes quad : quads) sum = sum + quad;
}

inline Vec load_vec(const float* from) noexcept {
  Vec v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

inline float sum_of(Lanes v) noexcept { return (v[0] + v[2]) + (v[1] + v[3]); }

/// sum of e^(x_i - max) over one block of 64, for x_i <= max.
WEFT_NO_CONTRACTION inline float exp_sum_block(const float* x, float max) noexcept {
  constexpr std::size_t step = sizeof(Vec) / sizeof(float);
  // after top-k and the like most blocks are excluded as a whole
  VecInt alive = {};
  const Vec bound = Vec{} + (max - 87.0f);
  for (std::size_t i = 0; i < softmax_block; i += step) alive |= load_vec(x + i) >= bound;
  IntLanes quads[sizeof(Vec) / sizeof(Lanes)], any = {0, 0, 0, 0};
  std::memcpy(quads, &alive, sizeof quads);
  for (const IntLanes quad : quads) any |= quad;
  if (!any_lane(any)) return 0;
  Lanes sum = {0, 0, 0, 0};
  for (std::size_t i = 0; i < softmax_block; i += step) add_quads(sum, exp_lanes(load_vec(x + i) - max));
  return sum_of(sum);
}

/// weight and weight * (x - max), summed over one block.
WEFT_NO_CONTRACTION inline void add_spread_block(const float* x, float max, Spread& into) noexcept {
  constexpr std::size_t step = sizeof(Vec) / sizeof(float);
  const Vec lowest = Vec{} - 87.0f;
  Lanes weight = {0, 0, 0, 0}, mean = {0, 0, 0, 0};
  for (std::size_t i = 0; i < softmax_block; i += step) {
    const Vec v = load_vec(x + i) - max;
    const Vec w = exp_lanes(v);
    add_quads(weight, w);
    add_quads(mean, w * (v >= lowest ? v : lowest));  // 0 times -inf is no number
  }
  into.weight += static_cast<double>(sum_of(weight));
  into.mean += static_cast<double>(sum_of(mean));
}

inline Vec all_vec(float value) noexcept { return Vec{} + value; }

/// The greatest of n values, and whether one of them is NaN; n a multiple of the lanes. -inf for none.
inline float greatest_of(const float* x, std::size_t n, bool& broken) noexcept {
  constexpr std::size_t step = sizeof(Vec) / sizeof(float);
  Vec best = all_vec(excluded);
  VecInt nan = {};
  for (std::size_t i = 0; i < n; i += step) {
    const Vec v = load_vec(x + i);
    nan |= v != v;
    best = v > best ? v : best;
  }
  float max = excluded;
  for (std::size_t lane = 0; lane < step; ++lane) {
    max = best[lane] > max ? best[lane] : max;
    broken = broken || nan[lane] != 0;
  }
  return max;
}

/// Excludes what is below the border; n a multiple of the lanes.
inline void exclude_below_in(float* x, std::size_t n, float border) noexcept {
  const Vec bound = all_vec(border), gone = all_vec(excluded);
  for (std::size_t i = 0; i < n; i += sizeof(Vec) / sizeof(float)) {
    const Vec v = load_vec(x + i), left = v < bound ? gone : v;
    std::memcpy(x + i, &left, sizeof left);
  }
}

/// x / divisor; n a multiple of the lanes.
inline void divide_in(float* x, std::size_t n, float divisor) noexcept {
  const Vec by = all_vec(divisor);
  for (std::size_t i = 0; i < n; i += sizeof(Vec) / sizeof(float)) {
    const Vec v = load_vec(x + i) / by;
    std::memcpy(x + i, &v, sizeof v);
  }
}
