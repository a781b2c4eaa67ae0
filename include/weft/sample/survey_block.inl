// What one look at blocks of logits tells. No header of its own: softmax.ipp includes it behind softmax_block.inl, for each width of lanes.
// From there come bounded(v): v, made no less than lowest_weighed if `bounds`; split(t): the floor of t, as scaled() takes it, and t less that;
// scaled(p, t): p 2^floor, rounded once; pack().

inline float greatest_lane(const Vec (&vectors)[registers]) noexcept {
  float max = excluded;
  for (const Vec& v : vectors)
    for (std::size_t lane = 0; lane < lanes; ++lane) max = v[lane] > max ? v[lane] : max;
  return max;
}

/// The greatest of every sixteen logits of each block, by lane, [blocks][16], the greatest of all, and whether one is NaN.
inline float peaks_of(const float* x, std::size_t blocks, float* peaks, bool& broken) noexcept {
  Vec most[registers];
  for (Vec& v : most) v = all_vec(excluded);
  unsigned nan = 0;
  for (std::size_t b = 0; b < blocks; ++b, x += softmax_block, peaks += 16) {
    Vec best[4];
    for (Vec& v : best) v = all_vec(excluded);
    Vec peak[registers];
    if constexpr (registers == 1) {  // more chains than one, or each waits for the one before
      WEFT_SOFTMAX_UNROLL for (std::size_t i = 0; i < softmax_block; i += 4 * lanes) {
        Vec v[4];
        WEFT_SOFTMAX_UNROLL for (std::size_t c = 0; c < 4; ++c) v[c] = load_vec(x + i + c * lanes), best[c] = greater(v[c], best[c]);
        nan |= nan_bits(v[0], v[1], v[2], v[3]);
      }
      peak[0] = greater(greater(best[0], best[1]), greater(best[2], best[3]));
    } else {
      for (Vec& v : peak) v = all_vec(excluded);
      over_block([&](std::size_t i, std::size_t r) {
        const Vec v = load_vec(x + i);
        peak[r] = greater(v, peak[r]);
        nan |= nan_bits(v, v, v, v);
      });
    }
    for (std::size_t r = 0; r < registers; ++r) {
      store_vec(peaks + r * lanes, peak[r]);
      most[r] = greater(peak[r], most[r]);
    }
  }
  broken = broken || nan != 0;
  return greatest_lane(most);
}

/// e^v of any v up to 70, 0 for -inf, NaN for NaN. 2^t = 2^n 2^f, t = v log2 e, n its floor; 2^f by a polynomial whose relative error is least
/// (8.5e-8) of those that are 1 at 0. t is rounded, which errs by less than if v was by half a bit.
inline Vec weight_of(Vec v) noexcept {
  const Power t = split(v * all_vec(0x1.715476p0f));
  Vec p = fused(all_vec(0x1.e97504p-10f), t.fraction, all_vec(0x1.27785ep-7f));
  p = fused(p, t.fraction, all_vec(0x1.c91cf6p-5f));
  p = fused(p, t.fraction, all_vec(0x1.ebdb56p-3f));
  p = fused(p, t.fraction, all_vec(0x1.62e4bap-1f));
  p = fused(p, t.fraction, all_vec(1.0f));
  return scaled(p, t);
}

/// weights = e^(x - base) of n logits, a multiple of 64.
inline void weigh(const float* x, std::size_t n, float base, float* weights) noexcept {
  const Vec zero = all_vec(base);
  over_block([&](std::size_t i, std::size_t) { store_vec(weights + i, weight_of(bounded(load_vec(x + i) - zero))); }, n);
}

/// What those of some blocks weigh that are above the bound.
inline double weigh_above(const float* x, std::size_t blocks, float base, float bound) noexcept {
  const Vec zero = all_vec(base), border = all_vec(bound), none = {};
  double sum = 0;
  for (std::size_t b = 0; b < blocks; ++b, x += softmax_block) {
    Sums part;
    over_block([&](std::size_t i, std::size_t r) {
      const Vec v = load_vec(x + i), w = weight_of(bounded(v - zero));
      part.part[r] = part.part[r] + (v > border ? w : none);
    });
    sum += static_cast<double>(part.total());
  }
  return sum;
}

/// What a block weighs, and with_mean: the sum of weight times (x - base). relative: base is not 0. careful: what is excluded has no part
/// in the mean; else that is NaN then, where bounded() does nothing.
template <bool with_mean, bool relative, bool careful>
inline void weigh_block(const float* x, float base, float* peaks, float& weight, float& mean, bool& partial) noexcept {
  const Vec zero = all_vec(base), lowest = all_vec(lowest_weighed);
  Sums weights, means;
  Vec peak[registers];
  for (Vec& v : peak) v = all_vec(excluded);
  VecInt gone = {};
  over_block([&](std::size_t i, std::size_t r) {
    Vec v = load_vec(x + i);
    peak[r] = greater(v, peak[r]);
    if constexpr (with_mean && bounds) gone |= v == all_vec(excluded);
    if constexpr (relative) v = v - zero;
    v = careful ? greater(lowest, v) : bounded(v);
    const Vec w = weight_of(v);
    weights.part[r] = weights.part[r] + w;
    if constexpr (with_mean) means.part[r] = fused(w, v, means.part[r]);
  });
  for (std::size_t r = 0; r < registers; ++r) store_vec(peaks + r * lanes, peak[r]);
  weight = weights.total();
  if constexpr (with_mean) mean = means.total();
  if constexpr (with_mean && bounds) partial = lane_bits(gone) != 0;
}
template <bool with_mean, bool relative>
inline float weigh_all(const float* x, std::size_t blocks, float base, float* peaks, Weighed& into) noexcept {
  Vec most[registers];
  for (Vec& v : most) v = all_vec(excluded);
  for (std::size_t b = 0; b < blocks; ++b, x += softmax_block, peaks += 16) {
    float weight = 0, mean = 0;
    bool partial = false;
    weigh_block<with_mean, relative, false>(x, base, peaks, weight, mean, partial);
    if (with_mean && mean != mean) {
      weigh_block<with_mean, relative, true>(x, base, peaks, weight, mean, partial);
      partial = true;
    }
    into.partial += partial;
    into.weight += static_cast<double>(weight);
    if constexpr (with_mean) into.mean += static_cast<double>(mean);
    for (std::size_t r = 0; r < registers; ++r) most[r] = greater(load_vec(peaks + r * lanes), most[r]);
  }
  return greatest_lane(most);
}
/// Adds what blocks weigh, writes their peaks as peaks_of() does and returns the greatest.
inline float weigh_blocks(const float* x, std::size_t blocks, float base, float* peaks, bool with_mean, Weighed& into) noexcept {
  if (base == 0) return with_mean ? weigh_all<true, false>(x, blocks, base, peaks, into) : weigh_all<false, false>(x, blocks, base, peaks, into);
  return with_mean ? weigh_all<true, true>(x, blocks, base, peaks, into) : weigh_all<false, true>(x, blocks, base, peaks, into);
}

/// Lists those sixteens of logits that have something above the bound: of blocks whose peaks have. Their number; there is room for all of
/// them, and as many blocks more. No branch hangs on what is found: they would be foretold badly.
inline std::size_t list_above(const float* x, std::size_t blocks, const float* peaks, float bound, std::uint32_t* list) noexcept {
  const Vec border = all_vec(bound);
  const auto any = [&](const float* from) {
    unsigned found = 0;
    WEFT_SOFTMAX_UNROLL for (std::size_t r = 0; r < registers; ++r) found |= bits_above(load_vec(from + r * lanes), border);
    return found != 0;
  };
  std::uint32_t* const flagged = list + 16 * blocks;
  std::size_t count = 0, n = 0;
  for (std::size_t b = 0; b < blocks; ++b) {
    flagged[count] = static_cast<std::uint32_t>(b);
    count += any(peaks + 16 * b);
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t first = flagged[i] * 16;
    WEFT_SOFTMAX_UNROLL for (std::uint32_t s = 0; s < 16; ++s) {
      list[n] = first + s;
      n += any(x + std::size_t{16} * (first + s));
    }
  }
  return n;
}

/// Writes what is above the bound, and not above `high`, in n listed sixteens, and its ids, if they are wanted, that of x[0] being `first`; up to
/// sixteen places more are written. Their number.
inline std::size_t take_above(const float* x, const std::uint32_t* list, std::size_t n, float bound, float high, std::int32_t first, float* values,
                              std::int32_t* ids) noexcept {
  const Vec border = all_vec(bound), upper = all_vec(high);
  const auto take = [&](auto with_ids, auto with_upper) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < n; ++i)
      WEFT_SOFTMAX_UNROLL for (std::size_t r = 0; r < registers; ++r) {
        const std::size_t at = std::size_t{16} * list[i] + r * lanes;
        const Vec v = load_vec(x + at);
        const unsigned in = with_upper.value ? bits_above(v, border) & ~bits_above(v, upper) : bits_above(v, border);
        count += pack<with_ids.value>(v, in, first + static_cast<std::int32_t>(at), values + count,
                                      with_ids.value ? ids + count : nullptr);
      }
    return count;
  };
  const bool all = !(high < -excluded);
  if (!ids) return all ? take(std::false_type{}, std::false_type{}) : take(std::false_type{}, std::true_type{});
  return all ? take(std::true_type{}, std::false_type{}) : take(std::true_type{}, std::true_type{});
}
