// Products of packed weights and activations: one tile template per format for every number of rows of activations.
//
// A tile is 16 weight rows (lane = row) times T rows of activations. Per lane the order of operations is the columns'
// order and nothing else: a row of results has the same bits whatever T is. H: how many registers of the 16 lanes a
// pass works on. Bytes to read: the panel, once per block of activation rows, which are few enough to stay in the L2
// cache. Included inside a target region and the namespace of an instruction set.

/// Few rows of activations wait for the memory: ask for the weights a page ahead, past what the hardware asks for by
/// itself (1.5 times the bandwidth on Zen 3). Past the last panel this asks for lines that nobody reads, which is
/// harmless.
template <int bytes>
WEFT_FORCE void prefetch_ahead(const std::byte* at) {
  WEFT_UNROLL for (int i = 0; i < bytes; i += 64) Part::prefetch(at + 4096 + i);
}

// Integer dot products of 4 bytes a lane, by what the weights are: unsigned up to 15, unsigned up to 127, signed. They start from what
// the weights are stored plus, times the sum of x, or from 0.
struct OfNibbles {
  using Sum = Part::Nibbles;
  static constexpr int sums = Part::nibble_sums;
  WEFT_FORCE Sum start(Part::Pi from, std::int32_t) { return Part::nibbles_start(from); }
  WEFT_FORCE Part::Pi weight(Part::Pi w) { return w; }
  WEFT_FORCE Sum add(Sum s, Part::Pi w, Part::Spread x) { return Part::nibbles_add(s, w, x); }
  WEFT_FORCE Part::Pi total(Sum s, Part::Pi from) { return Part::nibbles_sum(s, from); }
};
struct OfUnsigned {
  using Sum = Part::Pi;
  static constexpr int sums = Part::byte_sums;
  WEFT_FORCE Sum start(Part::Pi from, std::int32_t) { return from; }
  WEFT_FORCE Part::Pi weight(Part::Pi w) { return w; }
  WEFT_FORCE Sum add(Sum s, Part::Pi w, Part::Spread x) { return Part::unsigned_add(s, w, x); }
  WEFT_FORCE Part::Pi total(Sum s, Part::Pi) { return s; }
};
struct OfSigned {
  using Sum = Part::Pi;
  static constexpr int sums = Part::byte_sums;
  WEFT_FORCE Sum start(Part::Pi, std::int32_t x_sum) { return Part::signed_start(x_sum); }
  WEFT_FORCE Part::Signed weight(Part::Pi w) { return Part::as_signed(w); }
  WEFT_FORCE Sum add(Sum s, Part::Signed w, Part::Spread x) { return Part::signed_add(s, w, x); }
  WEFT_FORCE Part::Pi total(Sum s, Part::Pi) { return s; }
};

/// A block format: acc[h][t] += what block b of the panel adds, half by half if each half has its scale, else all 32 columns at
/// once: fma(dot, d d_x, acc), then, where there are minima, fma(m, d_x sum(q_x), acc).
template <Packing packing>
struct Block {
  static constexpr BlockLayout layout = block_layout(packing);
  static constexpr int width = layout.width, halves = layout.halves;
  using Dot = std::conditional_t<width == 8 || layout.looked_up, OfSigned, std::conditional_t<width <= 4, OfNibbles, OfUnsigned>>;
  static constexpr int sums = Dot::sums, block_bytes = static_cast<int>(layout.unit() / layout.unit_blocks());

  /// The planes of single and of double bits of half i, from which next() takes group after group.
  struct Planes {
    Part::Pi crumbs, bits;
  };
  WEFT_FORCE Planes planes(const std::byte* q, int i) {
    Planes p{};
    if constexpr ((width & 2) != 0) p.crumbs = Part::load_lanes(q + (width & 4) * 64 + i * 64);
    if constexpr ((width & 1) != 0) {
      p.bits = Part::load_lanes(q + (width & 6) * 64);
      if (i == 1) p.bits = Part::template shift_right<4>(p.bits);
    }
    return p;
  }
  /// Bytes of group g of half i, as they are stored, or what they stand for where that is looked up.
  WEFT_FORCE Part::Pi next(Planes& p, const std::byte* q, int i, int g) {
    if constexpr (width == 8) return Part::load_lanes(q + (4 * i + g) * 64);
    Part::Pi w;
    if constexpr ((width & 4) != 0) {
      const Part::Pi nibbles = Part::load_lanes(q + g * 64);
      w = i == 0 ? Part::low_nibbles(nibbles) : Part::high_nibbles(nibbles);
    }
    if constexpr ((width & 2) != 0) {
      const Part::Pi two = Part::iand(p.crumbs, Part::iset(0x03030303));
      if constexpr ((width & 4) != 0) w = Part::ior(w, Part::template shift_left<4>(two));
      if constexpr ((width & 4) == 0) w = two;
      p.crumbs = Part::template shift_right<2>(p.crumbs);
    }
    if constexpr ((width & 1) != 0) {
      w = Part::ior(w, Part::template shift_left<(width & 6)>(Part::iand(p.bits, Part::iset(0x01010101))));
      p.bits = Part::template shift_right<1>(p.bits);
    }
    if constexpr (layout.looked_up) w = Part::lookup(layout.levels->data(), w);
    return w;
  }

  /// The floats of half i, from row `row` of the panel on.
  WEFT_FORCE Part::Pf d(const std::byte* panel, std::size_t b, int i, int row) {
    const std::byte* at = panel + layout.d(b) + row * 2;
    const Part::Pf whole = packing == Packing::mxfp4 ? Part::load_bf16(at) : Part::load_f16(at);
    if constexpr (!layout.super()) return whole;
    Part::Pi scale = Part::load_i8(panel + layout.scales(b) + i * 16 + row);
    if constexpr (packing == Packing::q2_k) scale = Part::iand(scale, Part::iset(15));
    return Part::mul(whole, Part::to_float(scale));
  }
  WEFT_FORCE Part::Pf m(const std::byte* panel, std::size_t b, int i, int row) {
    const Part::Pf min = Part::load_f16(panel + layout.d(b) + 32 + row * 2);
    if constexpr (!layout.super()) return min;
    Part::Pi count = Part::load_i8(panel + layout.scales(b) + (packing == Packing::q2_k ? i : 1) * 16 + row);
    if constexpr (packing == Packing::q2_k) count = Part::iand(Part::template shift_right<4>(count), Part::iset(15));
    return Part::sub(Part::set(-0.0f), Part::mul(min, Part::to_float(count)));
  }

  /// Where the dot product of half i starts, so that it is that of the weights without what they are stored plus.
  WEFT_FORCE Part::Pi from(const QuantBlock& x, int i) {
    static_assert(layout.bias == 0 || halves == 2 || layout.bias == 8 || layout.bias == 16);
    if constexpr (layout.bias == 0) return Part::iset(0);
    if constexpr (halves == 2) return Part::iset(-layout.bias * x.q_half_sum[i]);
    const Part::Pi sum = Part::iset(x.minus_8_sum);
    return layout.bias == 16 ? Part::template shift_left<1>(sum) : sum;
  }

  /// s[h][t] = dot of half i of the block (of all of it when halves is 1).
  template <int T, int H>
  WEFT_FORCE void dot(const std::byte* q, int i, const QuantBlock* const (&x)[T], std::int64_t block, Part::Pi (&s)[H][T]) {
    typename Dot::Sum sum[H][T];
    Planes p[H][2];
    WEFT_EACH (h, H) {
      WEFT_EACH (n, 2 / halves) p[h][n] = planes(q + h * Part::lanes * 4, i + n);
      WEFT_EACH (t, T) sum[h][t] = Dot::start(from(x[t][block], i), halves == 1 ? x[t][block].q_sum : x[t][block].q_half_sum[i]);
    }
    WEFT_EACH (g, 4)
      WEFT_EACH (n, 2 / halves) {
        decltype(Dot::weight(Part::Pi{})) w[H];
        WEFT_EACH (h, H) w[h] = Dot::weight(next(p[h][n], q + h * Part::lanes * 4, i + n, g));
        WEFT_EACH (t, T) {
          const Part::Spread a = Part::broadcast(x[t][block].q + 16 * (i + n), g);
          WEFT_EACH (h, H) sum[h][t] = Dot::add(sum[h][t], w[h], a);
        }
      }
    WEFT_EACH (h, H)
      WEFT_EACH (t, T) s[h][t] = Dot::total(sum[h][t], from(x[t][block], i));
  }

  template <int T, int H>
  WEFT_FORCE void step(const std::byte* panel, std::int64_t block, int part, const QuantBlock* const (&x)[T], Part::Pf (&acc)[H][T]) {
    const auto b = static_cast<std::size_t>(block);
    WEFT_EACH (i, halves) {
      Part::Pi s[H][T];
      dot<T, H>(panel + layout.integers(b) + part * Part::lanes * 4, i, x, block, s);
      WEFT_EACH (h, H) {
        const Part::Pf scale = d(panel, b, i, (part + h) * Part::lanes);
        WEFT_EACH (t, T) acc[h][t] = Part::fma(Part::to_float(s[h][t]), Part::mul(scale, Part::set(x[t][block].d)), acc[h][t]);
        if constexpr (layout.with_min) {
          const Part::Pf min = m(panel, b, i, (part + h) * Part::lanes);
          WEFT_EACH (t, T) acc[h][t] = Part::fma(min, Part::set(halves == 1 ? x[t][block].sum : x[t][block].half_sum[i]), acc[h][t]);
        }
      }
    }
  }
};

/// `rows`: how many of the 16 weight rows exist.
WEFT_FORCE void store_rows(float* out, int part, Part::Pf a, std::int64_t rows) {
  if (rows >= panel_rows) return Part::store(out + part * Part::lanes, a);
  float lanes[Part::lanes];
  Part::store(lanes, a);
  for (int i = 0; i < Part::lanes && part * Part::lanes + i < rows; ++i) out[part * Part::lanes + i] = lanes[i];
}

/// Of T rows of activations `live` exist; the last stands for the others, whose results nobody keeps.
template <class Format, int T>
[[gnu::noinline]] inline void tile(const std::byte* panel, std::int64_t blocks, const QuantBlock* x, int live, std::int32_t planes,
                                   float* out, std::int64_t out_stride, std::int64_t rows, bool is_first) noexcept {
  constexpr int H = Format::sums / T >= Part::count ? Part::count : 1;
  const QuantBlock* x_rows[T];
  WEFT_EACH (t, T) x_rows[t] = x + (t < live ? t : live - 1) * blocks;
  for (int part = 0; part < Part::count; part += H) {
    Part::Pf acc[H][T];
    WEFT_EACH (h, H)
      WEFT_EACH (t, T) acc[h][t] = Part::set(0.0f);
    for (std::int64_t b = 0; b < blocks; ++b) {
      if (is_first) prefetch_ahead<Format::block_bytes>(panel + b * Format::block_bytes);
      Format::template step<T, H>(panel, b, part, x_rows, acc);
    }
    WEFT_EACH (h, H) {
      if (planes == 2) {
        WEFT_EACH (t, T / 2) store_rows(out + t * out_stride, part + h, Part::add(acc[h][2 * t], acc[h][2 * t + 1]), rows);
      } else {
        WEFT_EACH (t, T)
          if (t < live) store_rows(out + t * out_stride, part + h, acc[h][t], rows);
      }
    }
  }
}

// Weights that are numbers: what one register of a column is.
struct AsF32 {
  static constexpr int bytes = 4;
  WEFT_FORCE Part::Pf load(const std::byte* p) { return Part::as_float(Part::load_lanes(p)); }
};
struct AsF16 {
  static constexpr int bytes = 2;
  WEFT_FORCE Part::Pf load(const std::byte* p) { return Part::load_f16(p); }
};
struct AsBf16 {
  static constexpr int bytes = 2;
  WEFT_FORCE Part::Pf load(const std::byte* p) { return Part::load_bf16(p); }
};

/// Times a scale that is applied afterwards.
struct AsI8 {
  static constexpr int bytes = 1;
  WEFT_FORCE Part::Pf load(const std::byte* p) { return Part::to_float(Part::load_i8(p)); }
};

/// Where the T numbers are that multiply column k: in rows, or side by side.
struct InRows {
  const float* x;
  std::int64_t stride;
  WEFT_FORCE Part::Pf at(const InRows& a, std::int64_t k, int t) { return Part::set(a.x[t * a.stride + k]); }
};
template <int T>
struct SideBySide {
  const float* x;
  WEFT_FORCE Part::Pf at(const SideBySide& a, std::int64_t k, int t) { return Part::set(a.x[k * T + t]); }
};
template <int T>
struct Apart {
  const float* x[T];
  explicit Apart(const float* const* rows) noexcept { WEFT_EACH (t, T) x[t] = rows[t]; }
  WEFT_FORCE Part::Pf at(const Apart& a, std::int64_t k, int t) { return Part::set(a.x[t][k]); }
};

/// acc[s][p][h][t] += column k + s of panel p times x, for s in [0, count).
template <class V, int T, int P, int S, class X>
WEFT_FORCE void add_columns(const std::byte* const (&panels)[P], std::int64_t k, int count, const X& x, Part::Pf (&acc)[S][P][Part::count][T]) {
  WEFT_EACH (s, count)
    WEFT_EACH (h, Part::count) {
      Part::Pf w[P];
      WEFT_EACH (p, P) w[p] = V::load(panels[p] + (k + s) * (16 * V::bytes) + h * Part::lanes * V::bytes);
      WEFT_EACH (t, T) {
        const Part::Pf factor = X::at(x, k + s, t);
        WEFT_EACH (p, P) acc[s][p][h][t] = Part::fma(w[p], factor, acc[s][p][h][t]);
      }
    }
}

/// out[s][p][t] = sum over k = first + s, first + s + 2, ... of column k (16 values) of panel p times x[t][k].
template <class V, int T, int P, int S, class X>
WEFT_FORCE void sum_columns(const std::byte* const (&panels)[P], std::int64_t first, std::int64_t n, const X& x, F (&out)[S][P][T]) {
  Part::Pf acc[S][P][Part::count][T];
  WEFT_EACH (s, S)
    WEFT_EACH (p, P)
      WEFT_EACH (h, Part::count)
        WEFT_EACH (t, T) acc[s][p][h][t] = Part::set(0.0f);
  std::int64_t k = first;
  for (; k + S <= n; k += 2) add_columns<V, T, P, S>(panels, k, S, x, acc);
  if (S == 2 && k < n) add_columns<V, T, P, S>(panels, k, 1, x, acc);
  WEFT_EACH (s, S)
    WEFT_EACH (p, P)
      WEFT_EACH (h, Part::count)
        WEFT_EACH (t, T) out[s][p][t].p[h] = acc[s][p][h][t];
}

/// out[p][t] = sum over k of column k of panel p times x[t][k]: the sum of even columns plus that of odd ones. A tile that has no
/// registers for both at a time goes over the columns twice, and parks the first sums in memory.
template <class V, int T, int P, class X>
WEFT_FORCE void dot_columns(const std::byte* const (&panels)[P], std::int64_t n, const X& x, F (&out)[P][T]) {
  if constexpr (P * T * Part::count <= Part::column_sums) {
    F sums[2][P][T];
    sum_columns<V, T, P, 2>(panels, 0, n, x, sums);
    WEFT_EACH (p, P)
      WEFT_EACH (t, T) out[p][t] = add(sums[0][p][t], sums[1][p][t]);
  } else {
    F sums[1][P][T];
    float even[P][T][16];
    sum_columns<V, T, P, 1>(panels, 0, n, x, sums);
    WEFT_EACH (p, P)
      WEFT_EACH (t, T) store(even[p][t], sums[0][p][t]);
    __asm__ volatile("" : : "r"(even) : "memory");  // else they stay in registers, and the second pass spills
    sum_columns<V, T, P, 1>(panels, 1, n, x, sums);
    WEFT_EACH (p, P)
      WEFT_EACH (t, T) out[p][t] = add(load(even[p][t]), sums[0][p][t]);
  }
}

template <class V, int T>
[[gnu::noinline]] inline void number_tile(const std::byte* panel, std::int64_t cols, const float* x, float* out,
                                          std::int64_t out_stride, std::int64_t rows) noexcept {
  F sums[1][T];
  dot_columns<V, T, 1>({panel}, cols, InRows{x, cols}, sums);
  WEFT_EACH (t, T)
    WEFT_EACH (h, Part::count) store_rows(out + t * out_stride, h, sums[0][t].p[h], rows);
}

/// One tile of T rows of activations (planes count as rows), from row r, of which `live` exist. is_first: no tile before it has read
/// the panel.
template <class Format, int T>
WEFT_FORCE void any_tile(const Panels& w, const std::byte* panel, const Operand& x, std::int64_t r, float* out,
                         std::int64_t stride, std::int64_t rows, bool is_first, int live = T) {
  if constexpr (requires { Format::bytes; }) {
    number_tile<Format, T>(panel, w.cols, x.values + r * x.cols, out + r * stride, stride, rows);
  } else {
    const std::int64_t blocks = (w.cols + quant_block - 1) / quant_block;
    tile<Format, T>(panel, blocks, reinterpret_cast<const QuantBlock*>(x.blocks) + r * blocks, live, x.planes,
                    out + r / x.planes * stride, stride, rows, is_first);
  }
}

template <class Format>
inline void multiply(const Panels& w, std::int64_t begin, std::int64_t end, const Operand& x, std::int64_t rows,
                     float* out, std::int64_t stride) noexcept {
  constexpr std::int64_t cache = 192 * 1024;  // what a block of activations may take of the L2 cache
  constexpr bool numbers = requires { Format::bytes; };
  constexpr std::int64_t spare = numbers ? 0 : 1;  // a tile that lacks one row is faster than two smaller ones
  if (!numbers) rows *= x.planes;  // an even number of them: no tile of one row cuts a pair
  const std::int64_t row_bytes = numbers ? w.cols * 4 : (w.cols + 31) / 32 * 64;
  std::int64_t together = row_bytes > 0 ? cache / row_bytes / 8 * 8 : rows;
  if (together < 8) together = 8;
  for (std::int64_t first = 0; first < rows; first += together) {
    const std::int64_t last = first + together < rows ? first + together : rows;
    for (std::int64_t p = begin; p < end; ++p) {
      const std::byte* panel = w.data + static_cast<std::size_t>(p) * w.stride;
      const std::int64_t exist = w.rows - p * panel_rows;
      float* to = out + p * panel_rows;
      std::int64_t r = first;
      if constexpr (max_tile >= 8)
        for (; r + 8 - spare <= last; r += 8) any_tile<Format, 8>(w, panel, x, r, to, stride, exist, r == first, last - r < 8 ? 7 : 8);
      if constexpr (max_tile >= 4)
        for (; r + 4 - spare <= last; r += 4) any_tile<Format, 4>(w, panel, x, r, to, stride, exist, r == first, last - r < 4 ? 3 : 4);
      if constexpr (max_tile >= 2)
        for (; r + 2 <= last; r += 2) any_tile<Format, 2>(w, panel, x, r, to, stride, exist, r == first);
      for (; r < last; ++r) any_tile<Format, 1>(w, panel, x, r, to, stride, exist, r == first);
    }
  }
}

/// f.operator()<Format>() for a packing that multiplies quantised activations.
template <class F>
WEFT_FORCE void with_block_packing(Packing packing, F f) {
  switch (packing) {
    case Packing::q4_0: return f.template operator()<Block<Packing::q4_0>>();
    case Packing::q4_1: return f.template operator()<Block<Packing::q4_1>>();
    case Packing::q5_0: return f.template operator()<Block<Packing::q5_0>>();
    case Packing::q5_1: return f.template operator()<Block<Packing::q5_1>>();
    case Packing::q8_0: return f.template operator()<Block<Packing::q8_0>>();
    case Packing::iq4_nl: return f.template operator()<Block<Packing::iq4_nl>>();
    case Packing::mxfp4: return f.template operator()<Block<Packing::mxfp4>>();
    case Packing::q2_k: return f.template operator()<Block<Packing::q2_k>>();
    case Packing::q3_k: return f.template operator()<Block<Packing::q3_k>>();
    case Packing::q4_k: return f.template operator()<Block<Packing::q4_k>>();
    case Packing::q5_k: return f.template operator()<Block<Packing::q5_k>>();
    case Packing::q6_k: return f.template operator()<Block<Packing::q6_k>>();
    case Packing::iq4_xs: return f.template operator()<Block<Packing::iq4_xs>>();
    default: return;
  }
}

inline void matmul(const Panels& w, std::int64_t begin, std::int64_t end, const Operand& x, std::int64_t rows,
                   float* out, std::int64_t stride) noexcept {
  if (w.packing == Packing::f16) return multiply<AsF16>(w, begin, end, x, rows, out, stride);
  if (w.packing == Packing::bf16) return multiply<AsBf16>(w, begin, end, x, rows, out, stride);
  if (w.packing == Packing::f32) return multiply<AsF32>(w, begin, end, x, rows, out, stride);
  with_block_packing(w.packing, [&]<class Format>() { multiply<Format>(w, begin, end, x, rows, out, stride); });
}
