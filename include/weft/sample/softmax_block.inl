// Loops over logits: sums of exponentials over a block of 64, and passes over all. No header of its own: softmax.hpp includes it with Vec, VecInt of four
// lanes, softmax.ipp with eight and sixteen. Sums are of four lanes in each, so the bits are the same.

using VecBits = std::uint32_t __attribute__((vector_size(sizeof(Vec))));

/// e^v for v <= 0, 0 below -87. Cephes' expf: v = n ln 2 + r, e^r by a polynomial.
WEFT_NO_CONTRACTION inline Vec exp_lanes(Vec v) noexcept {
#if defined(__clang__)
#pragma clang fp contract(off)
#endif
  constexpr float magic = 12582912.0f;  // 1.5 * 2^23: adding it leaves the rounded integer in the low bits
  const Vec lowest = Vec{} - 87.0f;     // e^-87 is still a normal float
  const VecInt alive = v >= lowest;     // what is below comes out as nonsense, and is masked
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
  VecBits exponent, bits, mask;
  std::memcpy(&exponent, &shifted, sizeof exponent);
  std::memcpy(&bits, &p, sizeof bits);
  std::memcpy(&mask, &alive, sizeof mask);
  bits = (bits + (exponent << 23)) & mask;  // the magic number's own bits are shifted out
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

inline bool any_of(VecInt v) noexcept {
  IntLanes quads[sizeof(Vec) / sizeof(Lanes)], any = {0, 0, 0, 0};
  std::memcpy(quads, &v, sizeof quads);
  for (const IntLanes quad : quads) any |= quad;
  return any_lane(any);
}

/// sum of e^(x_i - max) over one block of 64, for x_i <= max.
WEFT_NO_CONTRACTION inline float exp_sum_block(const float* x, float max) noexcept {
  constexpr std::size_t step = sizeof(Vec) / sizeof(float);
  // after top-k and the like most blocks are excluded as a whole
  VecInt alive = {};
  const Vec bound = Vec{} + (max - 87.0f);
  for (std::size_t i = 0; i < softmax_block; i += step) alive |= load_vec(x + i) >= bound;
  if (!any_of(alive)) return 0;
  Lanes sum = {0, 0, 0, 0};
  for (std::size_t i = 0; i < softmax_block; i += step) add_quads(sum, exp_lanes(load_vec(x + i) - max));
  return sum_of(sum);
}

/// The same for block after block: what they sum to with `sum`, after each block in running, if that is wanted.
inline double exp_sum_blocks(const float* x, std::size_t blocks, float max, double sum, double* running) noexcept {
  for (std::size_t b = 0; b < blocks; ++b) {
    sum += static_cast<double>(exp_sum_block(x + b * softmax_block, max));
    if (running) running[b] = sum;
  }
  return sum;
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

/// The first block of 64, from block `from` on, in which a value is above the bound; `blocks`, their number, if there is none.
inline std::size_t next_block_above(const float* x, std::size_t from, std::size_t blocks, float bound) noexcept {
  const Vec border = all_vec(bound);
  for (; from < blocks; ++from) {
    VecInt above = {};
    for (std::size_t i = 0; i < softmax_block; i += sizeof(Vec) / sizeof(float)) above |= load_vec(x + from * softmax_block + i) > border;
    if (any_of(above)) break;
  }
  return from;
}

/// The same with a value within `width` of the centre.
inline std::size_t next_block_within(const float* x, std::size_t from, std::size_t blocks, float centre, float width) noexcept {
  const Vec middle = all_vec(centre), low = all_vec(-width), high = all_vec(width);
  for (; from < blocks; ++from) {
    VecInt within = {};
    for (std::size_t i = 0; i < softmax_block; i += sizeof(Vec) / sizeof(float)) {
      const Vec v = load_vec(x + from * softmax_block + i) - middle;
      within |= (v >= low) & (v <= high);
    }
    if (any_of(within)) break;
  }
  return from;
}

/// Excludes what is not within `width` of the centre; n a multiple of the lanes.
inline void exclude_outside_in(float* x, std::size_t n, float centre, float width) noexcept {
  const Vec middle = all_vec(centre), low = all_vec(-width), high = all_vec(width), gone = all_vec(excluded);
  for (std::size_t i = 0; i < n; i += sizeof(Vec) / sizeof(float)) {
    const Vec v = load_vec(x + i), d = v - middle, left = ((d < low) | (d > high)) ? gone : v;
    std::memcpy(x + i, &left, sizeof left);
  }
}

/// Number, sum and sum of squares of (x - max) over one block, of what is not excluded.
WEFT_NO_CONTRACTION inline void add_moments_block(const float* x, float max, Moments& into) noexcept {
  constexpr std::size_t step = sizeof(Vec) / sizeof(float);
  const Vec gone = all_vec(excluded), zero = {}, one = all_vec(1);
  Lanes sum = {0, 0, 0, 0}, squares = {0, 0, 0, 0}, count = {0, 0, 0, 0};
  for (std::size_t i = 0; i < softmax_block; i += step) {
    const Vec v = load_vec(x + i);
    const VecInt counted = v > gone;
    const Vec d = counted ? v - max : zero;
    add_quads(sum, d);
    add_quads(squares, d * d);
    add_quads(count, counted ? one : zero);
  }
  into.count += static_cast<double>(sum_of(count));
  into.sum += static_cast<double>(sum_of(sum));
  into.squares += static_cast<double>(sum_of(squares));
}
inline void add_moments_blocks(const float* x, std::size_t blocks, float max, Moments& into) noexcept {
  for (std::size_t b = 0; b < blocks; ++b) add_moments_block(x + b * softmax_block, max, into);
}
inline void add_spread_blocks(const float* x, std::size_t blocks, float max, Spread& into) noexcept {
  for (std::size_t b = 0; b < blocks; ++b) add_spread_block(x + b * softmax_block, max, into);
}
