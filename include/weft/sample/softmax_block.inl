// Loops over blocks of logits. No header of its own: four_lanes.inl includes it with Vec, VecInt of four lanes, softmax.ipp with eight and
// sixteen, and with fused(a, b, c) = a b + c rounded once, greater(a, b), a bit for each true lane (lane_bits(v); bits_above(v, bound) and
// bits_from(v, bound) of v > bound and v >= bound) and nan_bits(a, b, c, d): whether one of them holds a NaN. Sums are of sixteen lanes in
// each, so the bits are the same.

inline constexpr std::size_t lanes = sizeof(Vec) / sizeof(float);
inline constexpr std::size_t registers = 16 / lanes;  // that hold sixteen lanes

inline Vec all_vec(float value) noexcept { return Vec{} + value; }
inline Vec load_vec(const float* from) noexcept {
  Vec v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
inline void store_vec(float* to, Vec v) noexcept { std::memcpy(to, &v, sizeof v); }

/// Sixteen lanes that sums are kept in.
struct Sums {
  Vec part[registers] = {};
  [[nodiscard]] float total() const noexcept {
    Lanes quad[4];
    std::memcpy(quad, part, sizeof quad);
    const Lanes v = (quad[0] + quad[2]) + (quad[1] + quad[3]);
    return (v[0] + v[2]) + (v[1] + v[3]);
  }
};

/// Calls f(offset, register of the sums) for the vectors of 64 logits, or of n, a multiple of that.
template <class F>
inline void over_scan(F f) noexcept {
  WEFT_SOFTMAX_UNROLL for (std::size_t i = 0; i < scan_block; i += 16)
    WEFT_SOFTMAX_UNROLL for (std::size_t r = 0; r < registers; ++r) f(i + r * lanes, r);
}
template <class F>
inline void over_block(F f, std::size_t n = softmax_block) noexcept {
  for (std::size_t first = 0; first < n; first += scan_block) over_scan([&](std::size_t i, std::size_t r) { f(first + i, r); });
}

/// e^v is the product of these.
struct Exponential {
  Vec fraction, power;
};

/// e^v for v <= 0, 0 below -88. 2^(v log2 e) = 2^n 2^f, n whole, |f| <= 1/2; 2^f by a polynomial whose relative error is least (9e-8).
inline Exponential exp_parts(Vec v) noexcept {
  const Vec log2_e = all_vec(0x1.715476p0f), lowest = all_vec(-88.0f);
  const Vec magic = all_vec(12582912.0f + 127.0f);  // 1.5 * 2^23 and the exponent's bias: the low bits of the sum are the exponent of 2^n
  v = greater(v, lowest);
  const Vec shifted = fused(v, log2_e, magic);
  const Vec f = fused(v, log2_e, magic - shifted);
  Vec p = fused(all_vec(0x1.5bba14p-10f), f, all_vec(0x1.3cea88p-7f));
  p = fused(p, f, all_vec(0x1.c6b752p-5f));
  p = fused(p, f, all_vec(0x1.ebf9bcp-3f));
  p = fused(p, f, all_vec(0x1.62e42ap-1f));
  p = fused(p, f, all_vec(1.0f));
  VecInt bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  bits = bits << 23;
  Exponential e{p, {}};
  std::memcpy(&e.power, &bits, sizeof bits);
  return e;
}

/// The same of one number.
inline float exp_one(float v) noexcept {
  const auto e = exp_parts(all_vec(v));
  return e.fraction[0] * e.power[0];
}

/// e^(x_i - max) of 64 logits, for x_i <= max.
inline void exp_scan(const float* x, float max, float* weights) noexcept {
  const Vec top = all_vec(max);
  over_scan([&](std::size_t i, std::size_t) {
    const auto e = exp_parts(load_vec(x + i) - top);
    store_vec(weights + i, e.fraction * e.power);
  });
}

/// Block after block: what they weigh with `sum`, after each block in running, if that is wanted.
inline double exp_sum_blocks(const float* x, std::size_t blocks, float max, double sum, double* running) noexcept {
  const Vec top = all_vec(max);
  for (std::size_t b = 0; b < blocks; ++b, x += softmax_block) {
    Sums weight;
    over_block([&](std::size_t i, std::size_t r) {
      const auto e = exp_parts(load_vec(x + i) - top);
      weight.part[r] = fused(e.fraction, e.power, weight.part[r]);
    });
    sum += static_cast<double>(weight.total());
    if (running) running[b] = sum;
  }
  return sum;
}

/// Number, sum and sum of squares of (x - max) of a block; those of what is not excluded, if that is said.
template <bool careful>
inline void add_moments_block(const float* x, float max, Sums& count, Sums& sum, Sums& squares) noexcept {
  const Vec top = all_vec(max), gone = all_vec(excluded), zero = {}, one = all_vec(1);
  over_block([&](std::size_t i, std::size_t r) {
    const Vec v = load_vec(x + i);
    Vec d = v - top;
    if constexpr (careful) {
      const VecInt counted = v > gone;
      d = counted ? d : zero;
      count.part[r] = count.part[r] + (counted ? one : zero);
    }
    sum.part[r] = sum.part[r] + d;
    squares.part[r] = fused(d, d, squares.part[r]);
  });
}
/// Number, sum and sum of squares of (x - max), of what is not excluded.
inline void add_moments_blocks(const float* x, std::size_t blocks, float max, Moments& into) noexcept {
  for (std::size_t b = 0; b < blocks; ++b, x += softmax_block) {
    Sums count, sum, squares;
    add_moments_block<false>(x, max, count, sum, squares);
    float total = sum.total();
    double counted = softmax_block;
    if (!(total > excluded)) {
      sum = squares = Sums{};
      add_moments_block<true>(x, max, count, sum, squares);
      total = sum.total(), counted = static_cast<double>(count.total());
    }
    into.count += counted;
    into.sum += static_cast<double>(total);
    into.squares += static_cast<double>(squares.total());
  }
}

/// The greatest of the values, and whether one of them is NaN. -inf for none.
inline float greatest_of(const float* x, std::size_t blocks, bool& broken) noexcept {
  Vec a = all_vec(excluded), b = a, c = a, d = a;
  unsigned nan = 0;
  for (const float* const end = x + blocks * softmax_block; x != end; x += 4 * lanes) {
    const Vec p = load_vec(x), q = load_vec(x + lanes), r = load_vec(x + 2 * lanes), s = load_vec(x + 3 * lanes);
    nan |= nan_bits(p, q, r, s);
    a = greater(p, a), b = greater(q, b), c = greater(r, c), d = greater(s, d);
  }
  a = greater(greater(a, b), greater(c, d));
  float max = excluded;
  for (std::size_t lane = 0; lane < lanes; ++lane) max = a[lane] > max ? a[lane] : max;
  broken = broken || nan != 0;
  return max;
}

/// The greatest of every `group` times 64 logits, for each of sixteen lanes; of the last group, which may be shorter, too. Their number.
inline std::size_t lane_maxima(const float* x, std::size_t scanned, std::size_t group, float* out) noexcept {
  std::size_t count = 0;
  for (std::size_t b = 0; b < scanned; b += group, count += 16) {
    Vec best[registers];
    for (Vec& v : best) v = all_vec(excluded);
    for (std::size_t i = b; i < scanned && i < b + group; ++i)
      over_scan([&](std::size_t at, std::size_t r) { best[r] = greater(load_vec(x + i * scan_block + at), best[r]); });
    for (std::size_t r = 0; r < registers; ++r) store_vec(out + count + r * lanes, best[r]);
  }
  return count;
}

/// x / divisor. Where nothing can overflow or vanish, by Markstein's theorem: with r = 1 / divisor, rounded, and q = x r, the remainder
/// x - q divisor is exact, and q + r times that is the quotient, rounded: a third of a division's time.
inline void divide_in(float* x, std::size_t blocks, float divisor) noexcept {
  const Vec by = all_vec(divisor), inverse = all_vec(1 / divisor);
  const bool quick = lanes > 4 && divisor > 0x1p-10f && divisor < 0x1p10f;
  for (const float* const end = x + blocks * softmax_block; x != end; x += scan_block) {
    Vec q[scan_block / lanes];
    VecInt ordinary = ~VecInt{};  // bit 30, of all numbers from 2^-63 to 2^65: the upper two bits of the exponent are not the same
    over_scan([&](std::size_t i, std::size_t) {
      const Vec v = load_vec(x + i);
      Vec& quotient = q[i / lanes];
      quotient = v * inverse;
      quotient = fused(fused(-quotient, by, v), inverse, quotient);
      VecInt bits;
      std::memcpy(&bits, &quotient, sizeof bits);
      ordinary &= bits ^ (bits << 1);
    });
    const bool exact = quick && lane_bits((ordinary << 1) >= 0) == 0;
    over_scan([&](std::size_t i, std::size_t) { store_vec(x + i, exact ? q[i / lanes] : load_vec(x + i) / by); });
  }
}

/// Excludes what `out` says, a function of a vector, of the blocks [begin, end). With `live`: writes the numbers of those in which something is
/// left there, and leaves as they are those that have nothing `within`, a function that gives bits, as their peaks tell, if these are known.
/// Their number.
template <class Within, class Out>
inline std::size_t exclude_in(float* x, std::size_t begin, std::size_t end, const float* peaks, std::uint32_t* live, Within within, Out out) noexcept {
  const Vec gone = all_vec(excluded);
  std::size_t count = 0;
  for (std::size_t b = begin; b < end; ++b) {
    float* const block = x + b * softmax_block;
    if (live) {
      unsigned some = 0;
      if (peaks)
        WEFT_SOFTMAX_UNROLL for (std::size_t r = 0; r < registers; ++r) some |= within(load_vec(peaks + 16 * (b - begin) + r * lanes));
      else
        over_block([&](std::size_t i, std::size_t) { some |= within(load_vec(block + i)); });
      if (some == 0) continue;
    }
    VecInt all = ~VecInt{};
    over_block([&](std::size_t i, std::size_t) {
      const Vec v = load_vec(block + i);
      const VecInt excludes = out(v);
      all &= excludes;
      store_vec(block + i, excludes ? gone : v);
    });
    if (!live) continue;
    live[count] = static_cast<std::uint32_t>(b);
    count += lane_bits(~all) != 0;
  }
  return count;
}
/// Excludes all of some blocks.
inline void exclude_all_in(float* x, std::size_t blocks) noexcept {
  const Vec gone = all_vec(excluded);
  over_block([&](std::size_t i, std::size_t) { store_vec(x + i, gone); }, blocks * softmax_block);
}
/// Excludes what is below the border.
inline std::size_t exclude_below_in(float* x, std::size_t begin, std::size_t end, const float* peaks, float border, std::uint32_t* live) noexcept {
  const Vec bound = all_vec(border);
  return exclude_in(x, begin, end, peaks, live, [&](Vec v) { return bits_from(v, bound); }, [&](Vec v) { return v < bound; });
}
/// Excludes what is not within `width` of the centre.
inline std::size_t exclude_outside_in(float* x, std::size_t begin, std::size_t end, const float* peaks, float centre, float width,
                                      std::uint32_t* live) noexcept {
  const Vec middle = all_vec(centre), low = all_vec(-width), high = all_vec(width);
  return exclude_in(x, begin, end, peaks, live, [&](Vec v) { return bits_from(v - middle, low); },
                    [&](Vec v) {
                      const Vec d = v - middle;
                      return (d < low) | (d > high);
                    });
}

/// The first 64 logits, of those numbered [from, end), of which something is as `in` says; `end` if there are none. found: a bit for each.
template <class In>
inline std::size_t next_scan(const float* x, std::size_t from, std::size_t end, std::uint64_t& found, In in) noexcept {
  for (; from < end; ++from) {
    const float* const block = x + from * scan_block;
    VecInt any = {};
    over_scan([&](std::size_t i, std::size_t) { any |= in(load_vec(block + i)); });
    if (lane_bits(any) == 0) continue;
    found = 0;
    over_scan([&](std::size_t i, std::size_t) { found |= std::uint64_t{lane_bits(in(load_vec(block + i)))} << i; });
    break;
  }
  return from;
}
/// What is above the bound.
inline std::size_t next_scan_above(const float* x, std::size_t from, std::size_t end, float bound, std::uint64_t& found) noexcept {
  const Vec border = all_vec(bound);
  return next_scan(x, from, end, found, [&](Vec v) { return v > border; });
}
/// How many of n numbers, a multiple of 64, are at least the bound.
inline std::size_t count_from(const float* x, std::size_t n, float bound) noexcept {
  const Vec border = all_vec(bound);
  std::size_t total = 0;
  if constexpr (lanes == 16) {  // a comparison gives bits
    over_block([&](std::size_t i, std::size_t) { total += static_cast<std::size_t>(__builtin_popcount(bits_from(load_vec(x + i), border))); }, n);
    return total;
  }
  VecInt count[registers] = {};
  over_block([&](std::size_t i, std::size_t r) { count[r] -= load_vec(x + i) >= border; }, n);
  for (const VecInt& c : count)
    for (std::size_t lane = 0; lane < lanes; ++lane) total += static_cast<std::uint32_t>(c[lane]);
  return total;
}

/// What those of n, a multiple of 64, weigh whose value is at least the bound.
inline double weight_from(const float* values, const float* weights, std::size_t n, float bound) noexcept {
  const Vec border = all_vec(bound), zero = {};
  double sum = 0;
  for (std::size_t b = 0; b < n; b += softmax_block) {
    Sums part;
    over_block([&](std::size_t i, std::size_t r) {
      part.part[r] = part.part[r] + (load_vec(values + b + i) >= border ? load_vec(weights + b + i) : zero);
    }, n - b < softmax_block ? n - b : softmax_block);
    sum += static_cast<double>(part.total());
  }
  return sum;
}

/// Numbers are in the order of their keys.
inline std::uint32_t key_of(float value) noexcept {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits >> 31 ? ~bits : bits | 0x80000000U;
}
inline float number_of(std::uint32_t key) noexcept {
  key = key >> 31 ? key & 0x7FFFFFFFU : ~key;
  float value;
  std::memcpy(&value, &key, sizeof value);
  return value;
}
/// The least of the values that `in` takes, and the greatest of all; inf and -inf for none.
struct Ends {
  float least, greatest;
};
template <class In>
inline Ends ends_of(const float* x, std::size_t n, In in) noexcept {
  const Vec none = all_vec(-excluded);
  Vec least[registers], most[registers];
  for (std::size_t r = 0; r < registers; ++r) least[r] = none, most[r] = -none;
  over_block([&](std::size_t i, std::size_t r) {
    const Vec v = load_vec(x + i), low = in(v) ? v : none;
    least[r] = least[r] < low ? least[r] : low;
    most[r] = greater(v, most[r]);
  }, n);
  Ends ends{-excluded, excluded};
  for (std::size_t r = 0; r < registers; ++r)
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      ends.least = least[r][lane] < ends.least ? least[r][lane] : ends.least;
      ends.greatest = most[r][lane] > ends.greatest ? most[r][lane] : ends.greatest;
    }
  return ends;
}
/// The k-th greatest of the values, n of them, a multiple of 64; -inf if there are fewer. By halving, until exactly k are left above. With a
/// slack: a number from which on there are k, or up to so many more.
inline float kth_greatest_of(const float* x, std::size_t n, std::size_t k, std::size_t slack) noexcept {
  const Vec gone = all_vec(excluded);
  const Ends ends = ends_of(x, n, [&](Vec v) { return v > gone; });
  if (ends.greatest == excluded || count_from(x, n, ends.least) < k) return excluded;
  std::uint32_t low = key_of(ends.least), high = key_of(ends.greatest) + 1;
  while (high - low > 1) {
    const std::uint32_t middle = low + (high - low) / 2;
    const float bound = number_of(middle);
    const std::size_t count = count_from(x, n, bound);
    if (count >= k && count - k < slack) return bound;
    if (count == k) {
      const Vec border = all_vec(bound);
      return ends_of(x, n, [&](Vec v) { return v >= border; }).least;
    }
    (count > k ? low : high) = middle;
  }
  return number_of(low);
}
/// The greatest bound such that those with a value from it on weigh `mass`; the least value if all do not.
inline float mass_bound(const float* values, const float* weights, std::size_t n, double mass) noexcept {
  const Vec gone = all_vec(excluded);
  const Ends ends = ends_of(values, n, [&](Vec v) { return v > gone; });
  std::uint32_t low = key_of(ends.least), high = key_of(ends.greatest) + 1;
  while (high > low && high - low > 1) {
    const std::uint32_t middle = low + (high - low) / 2;
    (weight_from(values, weights, n, number_of(middle)) >= mass ? low : high) = middle;
  }
  return number_of(low);
}
