// Norms, rotation, quantisation of activations, gates, and writing to the KV cache: loops over 16 lanes.
// Included inside a target region and the namespace of an instruction set.

/// What a chunk of x adds to a sum of (x - mean)^2, or of x.
template <bool squares>
WEFT_FORCE F add_chunk(F acc, F x, F mean) {
  if constexpr (squares) {
    const F difference = sub(x, mean);
    return fma(difference, difference, acc);
  } else {
    return add(acc, x);
  }
}

/// The sum over x of (x - mean)^2, or of x: chunks of 16 in 4 interleaved sums, then a fixed tree.
template <bool squares>
inline float sum_of(const float* x, std::int64_t n, float mean) noexcept {
  const F m = set(mean);
  F acc[4] = {set(0.0f), set(0.0f), set(0.0f), set(0.0f)};
  std::int64_t k = 0;
  for (; k + 64 <= n; k += 64)
    WEFT_EACH (s, 4) acc[s] = add_chunk<squares>(acc[s], load(x + k + 16 * s), m);
  WEFT_EACH (s, 4) {
    const std::int64_t left = n - k - 16 * s;
    if (left > 0) {
      float chunk[16];  // x where it exists, else what adds nothing
      store(chunk, squares ? m : set(0.0f));
      for (std::int64_t i = 0; i < 16 && i < left; ++i) chunk[i] = x[k + 16 * s + i];
      acc[s] = add_chunk<squares>(acc[s], load(chunk), m);
    }
  }
  return sum_of_lanes(add(add(acc[0], acc[1]), add(acc[2], acc[3])));
}

inline void rms_norm(const float* x, const float* weight, float eps, std::int64_t n, float* out) noexcept {
  const float mean_square = sum_of<true>(x, n, 0.0f) / static_cast<float>(n);
  const F scale = set(1.0f / std::sqrt(mean_square + eps));
  std::int64_t k = 0;
  for (; k + 16 <= n; k += 16) store(out + k, mul(mul(load(x + k), scale), load(weight + k)));
  if (k < n) store_some(out + k, mul(mul(load_some(x + k, n - k), scale), load_some(weight + k, n - k)), n - k);
}

inline void layer_norm(const float* x, const float* weight, const float* bias, float eps, std::int64_t n,
                       float* out) noexcept {
  const float mean = sum_of<false>(x, n, 0.0f) / static_cast<float>(n);
  const float variance = sum_of<true>(x, n, mean) / static_cast<float>(n);
  const F m = set(mean), scale = set(1.0f / std::sqrt(variance + eps));
  for (std::int64_t k = 0; k < n; k += 16) {
    const std::int64_t left = n - k;
    const bool whole = left >= 16;
    const F v = mul(sub(whole ? load(x + k) : load_some(x + k, left), m), scale);
    const F w = whole ? load(weight + k) : load_some(weight + k, left);
    const F b = bias == nullptr ? set(0.0f) : whole ? load(bias + k) : load_some(bias + k, left);
    const F r = fma(v, w, b);
    whole ? store(out + k, r) : store_some(out + k, r, left);
  }
}

inline void rope(float* head, const float* cos_sin, std::int64_t n, RopeStyle style) noexcept {
  const std::int64_t half = n / 2;
  const float *cosines = cos_sin, *sines = cos_sin + half;
  for (std::int64_t k = 0; k < half; k += 16) {
    const std::int64_t left = half - k;
    const bool whole = left >= 16;
    const F c = whole ? load(cosines + k) : load_some(cosines + k, left);
    const F s = whole ? load(sines + k) : load_some(sines + k, left);
    F a, b;  // a pair rotates: (a c - b s, b c + a s)
    if (style == RopeStyle::half) {
      a = whole ? load(head + k) : load_some(head + k, left);
      b = whole ? load(head + half + k) : load_some(head + half + k, left);
    } else {
      float pairs[32] = {};
      const float* in = head + 2 * k;
      if (!whole) {
        for (std::int64_t i = 0; i < 2 * left; ++i) pairs[i] = in[i];
        in = pairs;
      }
      WEFT_EACH (i, Part::count)
        Part::unzip(Part::load(in + 2 * i * Part::lanes), Part::load(in + (2 * i + 1) * Part::lanes), a.p[i], b.p[i]);
    }
    const F x = fma(a, c, negate(mul(b, s)));
    const F y = fma(b, c, mul(a, s));
    if (style == RopeStyle::half) {
      whole ? store(head + k, x) : store_some(head + k, x, left);
      whole ? store(head + half + k, y) : store_some(head + half + k, y, left);
    } else {
      float pairs[32];
      float* to = whole ? head + 2 * k : pairs;
      WEFT_EACH (i, Part::count) {
        Part::Pf low, high;
        Part::zip(x.p[i], y.p[i], low, high);
        Part::store(to + 2 * i * Part::lanes, low);
        Part::store(to + (2 * i + 1) * Part::lanes, high);
      }
      if (!whole)
        for (std::int64_t i = 0; i < 2 * left; ++i) head[2 * k + i] = pairs[i];
    }
  }
}

/// Rounding to 8 bits: x = d * q, q = x * inverse. inverse is 0 for numbers that all count as 0 (so small that d would be
/// subnormal) and for some that are not finite, whose d is NaN.
struct Scale8 {
  float d, inverse;
};
/// From the bits of the largest magnitude.
inline Scale8 scale8(std::int32_t top) noexcept {
  constexpr std::int32_t infinity = 0x7f800000;
  const float d = std::bit_cast<float>(top) / 127.0f;
  if (top < infinity && d >= 0x1p-126f) return {d, 1.0f / d};
  return {top >= infinity ? std::bit_cast<float>(0x7fc00000) : 0.0f, 0.0f};
}

/// A block of numbers, their scale, and what products with them want to know of their sums.
template <class P = Part>
WEFT_FORCE void store_block(const I& qa, const I& qb, float d, QuantBlock& out) {
  if constexpr (requires { P::store_block(qa.p, qb.p, d, out); }) {
    P::store_block(qa.p, qb.p, d, out);
  } else {
    P::store_bytes(out.q, qa.p, qb.p);
    out.q_half_sum[0] = sum(qa);
    out.q_half_sum[1] = sum(qb);
    out.q_sum = out.q_half_sum[0] + out.q_half_sum[1];
    out.d = d;
    out.sum = d * static_cast<float>(out.q_sum);
    out.half_sum[0] = d * static_cast<float>(out.q_half_sum[0]);
    out.half_sum[1] = d * static_cast<float>(out.q_half_sum[1]);
    out.minus_8_sum = -8 * out.q_sum;
  }
}

/// One block of 32; leaves in a and b what is to be added to d * q, if there is `more` to be done with it. The largest magnitude is
/// found on the bits, which order like the magnitudes and put NaN above infinity.
template <bool more>
WEFT_FORCE void quantise_block(F& a, F& b, QuantBlock& out) {
  const I magnitude = iset(0x7fffffff);
  const auto [d, inverse] = scale8(highest(imax(iand(as_int(a), magnitude), iand(as_int(b), magnitude))));
  if (inverse == 0.0f) a = b = set(0.0f);
  const I qa = round(mul(a, set(inverse))), qb = round(mul(b, set(inverse)));
  store_block(qa, qb, d, out);
  if constexpr (more) {
    const F step = set(-d);
    a = fma(step, to_float(qa), a);
    b = fma(step, to_float(qb), b);
  }
}

inline void quantise(const float* x, std::int64_t n, std::int32_t planes, std::byte* out) noexcept {
  auto* block = reinterpret_cast<QuantBlock*>(out);
  const std::int64_t plane = (n + 31) / 32;
  for (std::int64_t k = 0; k < n; k += 32, ++block) {
    const std::int64_t left = n - k;
    F a = left >= 32 ? load(x + k) : load_some(x + k, left < 16 ? left : 16);
    F b = left >= 32 ? load(x + k + 16) : load_some(x + k + 16, left < 16 ? 0 : left - 16);
    if (planes == 1) {
      quantise_block<false>(a, b, *block);
    } else {
      for (std::int32_t p = 0; p < planes; ++p) quantise_block<true>(a, b, block[p * plane]);
    }
  }
}

/// out[i] = act(x[i]) * up[i], or act(x[i]) when up is null.
template <Activation act>
inline void activate_by(const float* x, const float* up, std::int64_t n, float* out) noexcept {
  std::int64_t k = 0;
  for (; k + 16 <= n; k += 16) {
    const F r = apply<act>(load(x + k));
    store(out + k, up == nullptr ? r : mul(r, load(up + k)));
  }
  if (k == n) return;
  const F r = apply<act>(load_some(x + k, n - k));
  store_some(out + k, up == nullptr ? r : mul(r, load_some(up + k, n - k)), n - k);
}

inline void gate(Activation act, const float* x, const float* up, std::int64_t n, float* out) noexcept {
  switch (act) {
    case Activation::silu:
      return activate_by<Activation::silu>(x, up, n, out);
    case Activation::gelu:
      return activate_by<Activation::gelu>(x, up, n, out);
    case Activation::gelu_tanh:
      return activate_by<Activation::gelu_tanh>(x, up, n, out);
    case Activation::relu:
      return activate_by<Activation::relu>(x, up, n, out);
  }
}

inline void activate(Activation act, const float* x, std::int64_t n, float* out) noexcept {
  gate(act, x, nullptr, n, out);
}

inline void add(const float* x, std::int64_t n, float* out) noexcept {
  std::int64_t k = 0;
  for (; k + 16 <= n; k += 16) store(out + k, add(load(out + k), load(x + k)));
  for (; k < n; ++k) out[k] += x[k];
}

/// 16 numbers as the cache stores them, of which `left` exist.
template <class Stored>
WEFT_FORCE void narrow(const float* x, std::int64_t left, Stored* out) {
  if constexpr (sizeof(Stored) == 4) {
    std::memcpy(out, x, static_cast<std::size_t>(left) * 4);
  } else {
    store_f16(reinterpret_cast<std::byte*>(out), left == 16 ? load(x) : load_some(x, left));
  }
}

template <class Stored>
inline void store_position(const float* k, const float* v, std::byte* page, const KvSlot& slot,
                           std::int64_t index) noexcept {
  constexpr std::size_t size = sizeof(Stored);
  std::byte* column = page + slot.k_offset + static_cast<std::size_t>(index) * size;
  std::byte* row = page + slot.v_offset + static_cast<std::size_t>(index * slot.head_dim) * size;
  for (std::int64_t d = 0; d < slot.head_dim; d += 16) {
    const std::int64_t left = slot.head_dim - d < 16 ? slot.head_dim - d : 16;
    Stored keys[16], values[16];
    narrow(k + d, left, keys);
    narrow(v + d, left, values);
    for (std::int64_t i = 0; i < left; ++i)
      std::memcpy(column + static_cast<std::size_t>((d + i) * page_positions) * size, keys + i, size);
    std::memcpy(row + static_cast<std::size_t>(d) * size, values, static_cast<std::size_t>(left) * size);
  }
}

/// put(first, int8 values, how many) for n values in 8 bits, up to 32 at a time; gives d.
template <class Put>
inline float narrow8(const float* x, std::int64_t n, Put&& put) noexcept {
  I top = iset(0);
  for (std::int64_t k = 0; k < n; k += 16)
    top = imax(top, iand(as_int(n - k >= 16 ? load(x + k) : load_some(x + k, n - k)), iset(0x7fffffff)));
  const auto [d, inverse] = scale8(highest(top));
  for (std::int64_t k = 0; k < n; k += 32) {
    const std::int64_t left = n - k < 32 ? n - k : 32;
    float chunk[32] = {};
    if (inverse != 0.0f) std::memcpy(chunk, x + k, static_cast<std::size_t>(left) * sizeof(float));
    std::int8_t q[32];
    Part::store_bytes(q, round(mul(load(chunk), set(inverse))).p, round(mul(load(chunk + 16), set(inverse))).p);
    put(k, q, left);
  }
  return d;
}

inline void store_position8(const float* k, const float* v, std::byte* page, const KvSlot& slot, std::int64_t index) noexcept {
  std::byte *const keys = page + slot.k_offset, *const values = page + slot.v_offset;
  const float key_scale = narrow8(k, slot.head_dim, [&](std::int64_t first, const std::int8_t* q, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) keys[(first + i) * page_positions + index] = static_cast<std::byte>(q[i]);
  });
  const float value_scale = narrow8(v, slot.head_dim, [&](std::int64_t first, const std::int8_t* q, std::int64_t n) {
    std::memcpy(values + index * slot.head_dim + first, q, static_cast<std::size_t>(n));
  });
  const std::int64_t scale = page_positions * slot.head_dim + index * static_cast<std::int64_t>(sizeof(float));
  std::memcpy(keys + scale, &key_scale, sizeof(float));
  std::memcpy(values + scale, &value_scale, sizeof(float));
}

/// K: a column of [head_dim, 16]; V: a row of [16, head_dim].
inline void store(const float* k, const float* v, std::byte* page, const KvSlot& slot, std::int64_t index) noexcept {
  switch (slot.type) {
    case KvType::f32: return store_position<float>(k, v, page, slot, index);
    case KvType::f16: return store_position<std::uint16_t>(k, v, page, slot, index);
    case KvType::q8: return store_position8(k, v, page, slot, index);
  }
}
