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

/// acc[h][t] += what block b of the panel adds, per 32 columns: fma(dot, d_w d_x, acc), then fma(m, d_x sum(q_x), acc).
template <bool with_min>
struct Q4 {
  static constexpr int sums = Part::nibble_sums, block_bytes = with_min ? 320 : 288;

  template <int T, int H>
  WEFT_FORCE void step(const std::byte* panel, std::int64_t b, int part, const QuantBlock* x, std::int64_t stride,
                       Part::Pf (&acc)[H][T]) {
    const std::byte* pair = panel + (b >> 1) * 576;
    const std::byte* q = (with_min ? panel + b * 320 : pair + (b & 1) * 256) + part * Part::lanes * 4;
    const std::byte* scales = (with_min ? panel + b * 320 + 256 : pair + 512 + (b & 1) * 32) + part * Part::lanes * 2;
    Part::Nibbles s[H][T];
    WEFT_EACH (h, H)
      WEFT_EACH (t, T) s[h][t] = Part::nibbles_start();
    WEFT_EACH (g, 4) {
      Part::Pi low[H], high[H];
      WEFT_EACH (h, H) {
        const Part::Pi bits = Part::load_lanes(q + g * 64 + h * Part::lanes * 4);
        low[h] = Part::low_nibbles(bits);
        high[h] = Part::high_nibbles(bits);
      }
      WEFT_EACH (t, T) {
        const Part::Pi a = Part::broadcast(x[t * stride].q + 4 * g), c = Part::broadcast(x[t * stride].q + 16 + 4 * g);
        WEFT_EACH (h, H) s[h][t] = Part::nibbles_add(Part::nibbles_add(s[h][t], low[h], a), high[h], c);
      }
    }
    WEFT_EACH (h, H) {
      const Part::Pf d = Part::load_f16(scales + h * Part::lanes * 2);
      WEFT_EACH (t, T) {
        Part::Pi dot = Part::nibbles_sum(s[h][t]);
        if constexpr (!with_min) dot = Part::isub(dot, Part::iset(8 * x[t * stride].q_sum));  // q is stored plus 8
        acc[h][t] = Part::fma(Part::to_float(dot), Part::mul(d, Part::set(x[t * stride].d)), acc[h][t]);
      }
      if constexpr (with_min) {
        const Part::Pf m = Part::load_f16(scales + 32 + h * Part::lanes * 2);
        WEFT_EACH (t, T) acc[h][t] = Part::fma(m, Part::set(x[t * stride].sum), acc[h][t]);
      }
    }
  }
};

/// Integer dot products of groups [first, first + n) of signed bytes.
template <int T, int H>
WEFT_FORCE void dot_bytes(const std::byte* q, int first, int n, const QuantBlock* x, std::int64_t stride,
                          Part::Pi (&s)[H][T]) {
  WEFT_UNROLL for (int g = first; g < first + n; ++g) {
    Part::Signed w[H];
    WEFT_EACH (h, H) w[h] = Part::as_signed(Part::load_lanes(q + g * 64 + h * Part::lanes * 4));
    WEFT_EACH (t, T) {
      const Part::Pi a = Part::broadcast(x[t * stride].q + 4 * g);
      WEFT_EACH (h, H) s[h][t] = Part::signed_add(s[h][t], w[h], a);
    }
  }
}

struct Q8 {
  static constexpr int sums = Part::byte_sums, block_bytes = 544;

  template <int T, int H>
  WEFT_FORCE void step(const std::byte* panel, std::int64_t b, int part, const QuantBlock* x, std::int64_t stride,
                       Part::Pf (&acc)[H][T]) {
    const std::byte* pair = panel + (b >> 1) * 1088;
    const std::byte* scales = pair + 1024 + (b & 1) * 32 + part * Part::lanes * 2;
    Part::Pi s[H][T];
    WEFT_EACH (h, H)
      WEFT_EACH (t, T) s[h][t] = Part::signed_start(x[t * stride].q_sum);
    dot_bytes<T, H>(pair + (b & 1) * 512 + part * Part::lanes * 4, 0, 8, x, stride, s);
    WEFT_EACH (h, H) {
      const Part::Pf d = Part::load_f16(scales + h * Part::lanes * 2);
      WEFT_EACH (t, T)
        acc[h][t] = Part::fma(Part::to_float(s[h][t]), Part::mul(d, Part::set(x[t * stride].d)), acc[h][t]);
    }
  }
};

/// int8 with float32 scales, and minima perhaps, per 32 columns or per half of them.
template <int halves, bool with_min>
struct Bytes {
  static constexpr int sums = Part::byte_sums, block_bytes = 512 + 64 * halves * (with_min ? 2 : 1);

  template <int T, int H>
  WEFT_FORCE void step(const std::byte* panel, std::int64_t b, int part, const QuantBlock* x, std::int64_t stride,
                       Part::Pf (&acc)[H][T]) {
    const std::byte* q = panel + b * block_bytes + part * Part::lanes * 4;
    for (int i = 0; i < halves; ++i) {
      Part::Pi s[H][T];
      WEFT_EACH (h, H)
        WEFT_EACH (t, T) s[h][t] = Part::signed_start(halves == 1 ? x[t * stride].q_sum : x[t * stride].q_half_sum[i]);
      dot_bytes<T, H>(q, i * 4, 8 / halves, x, stride, s);
      WEFT_EACH (h, H) {
        const std::byte* scale = q + 512 + i * 64 + h * Part::lanes * 4;
        const Part::Pf d = Part::as_float(Part::load_lanes(scale));
        WEFT_EACH (t, T)
          acc[h][t] = Part::fma(Part::to_float(s[h][t]), Part::mul(d, Part::set(x[t * stride].d)), acc[h][t]);
        if constexpr (with_min) {
          const Part::Pf m = Part::as_float(Part::load_lanes(scale + 64 * halves));
          WEFT_EACH (t, T)
            acc[h][t] = Part::fma(m, Part::set(halves == 1 ? x[t * stride].sum : x[t * stride].half_sum[i]), acc[h][t]);
        }
      }
    }
  }
};

/// Super-blocks with small integer scales: d d_s times the dot of each sub-block, sub by sub, then the minimum as above.
/// Q6_K has a scale for each half of a block and integers that are stored plus 32; Q4_K and Q5_K have minima.
template <Packing packing>
struct Super {
  static constexpr SuperLayout layout = super_layout(packing);
  static constexpr int planes = static_cast<int>(layout.planes), halves = planes == 2 ? 2 : 1;
  static constexpr int sums = Part::byte_sums, block_bytes = static_cast<int>(layout.bytes() / 8);

  /// Adds the bits above the fourth; `high` moves on to the next group.
  WEFT_FORCE Part::Pi with_high(Part::Pi low, Part::Pi high, int mask) {
    return Part::ior(low, Part::template shift_left<4>(Part::iand(high, Part::iset(mask))));
  }

  /// s[h][t] = dot of half i of the block (of all of it when halves is 1).
  template <int T, int H>
  WEFT_FORCE void dot(const std::byte* q, int i, const QuantBlock* x, std::int64_t stride, Part::Pi (&s)[H][T]) {
    Part::Pi high[H];
    WEFT_EACH (h, H) {
      if constexpr (planes > 0) high[h] = Part::load_lanes(q + 256 + i * 64 + h * Part::lanes * 4);
      WEFT_EACH (t, T) s[h][t] = Part::iset(0);
    }
    WEFT_EACH (g, 4)
      WEFT_EACH (h, H) {
        const Part::Pi bits = Part::load_lanes(q + g * 64 + h * Part::lanes * 4);
        Part::Pi low = i == 0 ? Part::low_nibbles(bits) : Part::high_nibbles(bits), up = Part::high_nibbles(bits);
        if constexpr (planes == 1) {
          low = with_high(low, high[h], 0x01010101);
          up = with_high(up, Part::template shift_right<4>(high[h]), 0x01010101);
          high[h] = Part::template shift_right<1>(high[h]);
        } else if constexpr (planes == 2) {
          low = with_high(low, high[h], 0x03030303);
          high[h] = Part::template shift_right<2>(high[h]);
        }
        WEFT_EACH (t, T) {
          s[h][t] = Part::unsigned_add(s[h][t], low, Part::broadcast(x[t * stride].q + 16 * i + 4 * g));
          if constexpr (halves == 1) s[h][t] = Part::unsigned_add(s[h][t], up, Part::broadcast(x[t * stride].q + 16 + 4 * g));
        }
      }
  }

  template <int T, int H>
  WEFT_FORCE void step(const std::byte* panel, std::int64_t b, int part, const QuantBlock* x, std::int64_t stride,
                       Part::Pf (&acc)[H][T]) {
    const std::byte* super = panel + (b >> 3) * static_cast<std::int64_t>(layout.bytes());
    const std::byte* q = super + (b & 7) * static_cast<std::int64_t>(layout.block()) + part * Part::lanes * 4;
    const std::byte* scales = super + layout.scales() + (b & 7) * 32 + part * Part::lanes;
    const std::byte* d = super + layout.d() + part * Part::lanes * 2;
    for (int i = 0; i < halves; ++i) {
      Part::Pi s[H][T];
      dot<T, H>(q, i, x, stride, s);
      WEFT_EACH (h, H) {
        const Part::Pf scale = Part::to_float(Part::load_i8(scales + i * 16 + h * Part::lanes));
        const Part::Pf ds = Part::mul(Part::load_f16(d + h * Part::lanes * 2), scale);
        WEFT_EACH (t, T) {
          if constexpr (planes == 2) s[h][t] = Part::isub(s[h][t], Part::iset(32 * x[t * stride].q_half_sum[i]));
          acc[h][t] = Part::fma(Part::to_float(s[h][t]), Part::mul(ds, Part::set(x[t * stride].d)), acc[h][t]);
        }
        if constexpr (planes < 2) {
          const Part::Pf count = Part::to_float(Part::load_i8(scales + 16 + h * Part::lanes));
          const Part::Pf m = Part::sub(Part::set(-0.0f), Part::mul(Part::load_f16(d + 32 + h * Part::lanes * 2), count));
          WEFT_EACH (t, T) acc[h][t] = Part::fma(m, Part::set(x[t * stride].sum), acc[h][t]);
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

template <class Format, int T>
[[gnu::noinline]] inline void tile(const std::byte* panel, std::int64_t blocks, const QuantBlock* x,
                                   std::int64_t stride, std::int32_t planes, float* out, std::int64_t out_stride,
                                   std::int64_t rows) noexcept {
  constexpr int H = Format::sums / T >= Part::count ? Part::count : 1;
  for (int part = 0; part < Part::count; part += H) {
    Part::Pf acc[H][T];
    WEFT_EACH (h, H)
      WEFT_EACH (t, T) acc[h][t] = Part::set(0.0f);
    for (std::int64_t b = 0; b < blocks; ++b) {
      if constexpr (T <= 4) prefetch_ahead<Format::block_bytes>(panel + b * Format::block_bytes);
      Format::template step<T, H>(panel, b, part, x + b, stride, acc);
    }
    WEFT_EACH (h, H) {
      if (planes == 2) {
        WEFT_EACH (t, T / 2) store_rows(out + t * out_stride, part + h, Part::add(acc[h][2 * t], acc[h][2 * t + 1]), rows);
      } else {
        WEFT_EACH (t, T) store_rows(out + t * out_stride, part + h, acc[h][t], rows);
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

/// acc[s][h][t] += column k + s times x, for s in [0, count).
template <class V, int T, int S, class X>
WEFT_FORCE void add_columns(const std::byte* columns, std::int64_t k, int count, const X& x,
                            Part::Pf (&acc)[S][Part::count][T]) {
  WEFT_EACH (s, count)
    WEFT_EACH (h, Part::count) {
      const Part::Pf w = V::load(columns + (k + s) * (16 * V::bytes) + h * Part::lanes * V::bytes);
      WEFT_EACH (t, T) acc[s][h][t] = Part::fma(w, X::at(x, k + s, t), acc[s][h][t]);
    }
}

/// out[s][t] = sum over k = first + s, first + s + 2, ... of column k (16 values) times x[t][k].
template <class V, int T, int S, class X>
WEFT_FORCE void sum_columns(const std::byte* columns, std::int64_t first, std::int64_t n, const X& x, F (&out)[S][T]) {
  Part::Pf acc[S][Part::count][T];
  WEFT_EACH (s, S)
    WEFT_EACH (h, Part::count)
      WEFT_EACH (t, T) acc[s][h][t] = Part::set(0.0f);
  std::int64_t k = first;
  for (; k + S <= n; k += 2) add_columns<V, T, S>(columns, k, S, x, acc);
  if (S == 2 && k < n) add_columns<V, T, S>(columns, k, 1, x, acc);
  WEFT_EACH (s, S)
    WEFT_EACH (h, Part::count)
      WEFT_EACH (t, T) out[s][t].p[h] = acc[s][h][t];
}

/// out[t] = sum over k of column k times x[t][k]: the sum of even columns plus that of odd ones. A tile that has no
/// registers for both at a time goes over the columns twice, and parks the first sums in memory.
template <class V, int T, class X>
WEFT_FORCE void dot_columns(const std::byte* columns, std::int64_t n, const X& x, F (&out)[T]) {
  if constexpr (T * Part::count <= Part::column_sums) {
    F sums[2][T];
    sum_columns<V, T, 2>(columns, 0, n, x, sums);
    WEFT_EACH (t, T) out[t] = add(sums[0][t], sums[1][t]);
  } else {
    F sums[1][T];
    float even[T][16];
    sum_columns<V, T, 1>(columns, 0, n, x, sums);
    WEFT_EACH (t, T) store(even[t], sums[0][t]);
    __asm__ volatile("" : : "r"(even) : "memory");  // else they stay in registers, and the second pass spills
    sum_columns<V, T, 1>(columns, 1, n, x, sums);
    WEFT_EACH (t, T) out[t] = add(load(even[t]), sums[0][t]);
  }
}

template <class V, int T>
[[gnu::noinline]] inline void number_tile(const std::byte* panel, std::int64_t cols, const float* x, float* out,
                                          std::int64_t out_stride, std::int64_t rows) noexcept {
  F sums[T];
  dot_columns<V, T>(panel, cols, InRows{x, cols}, sums);
  WEFT_EACH (t, T)
    WEFT_EACH (h, Part::count) store_rows(out + t * out_stride, h, sums[t].p[h], rows);
}

/// One tile of T rows of activations (planes count as rows), from row r.
template <class Format, int T>
WEFT_FORCE void any_tile(const Panels& w, const std::byte* panel, const Operand& x, std::int64_t r, float* out,
                         std::int64_t stride, std::int64_t rows) {
  if constexpr (requires { Format::bytes; }) {
    number_tile<Format, T>(panel, w.cols, x.values + r * x.cols, out + r * stride, stride, rows);
  } else {
    const std::int64_t blocks = (w.cols + quant_block - 1) / quant_block;
    tile<Format, T>(panel, blocks, reinterpret_cast<const QuantBlock*>(x.blocks) + r * blocks, blocks, x.planes,
                    out + r / x.planes * stride, stride, rows);
  }
}

template <class Format>
inline void multiply(const Panels& w, std::int64_t begin, std::int64_t end, const Operand& x, std::int64_t rows,
                     float* out, std::int64_t stride) noexcept {
  constexpr std::int64_t cache = 192 * 1024;  // what a block of activations may take of the L2 cache
  constexpr bool numbers = requires { Format::bytes; };
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
      if constexpr (Part::max_tile >= 8)
        for (; r + 8 <= last; r += 8) any_tile<Format, 8>(w, panel, x, r, to, stride, exist);
      if constexpr (Part::max_tile >= 4)
        for (; r + 4 <= last; r += 4) any_tile<Format, 4>(w, panel, x, r, to, stride, exist);
      if constexpr (Part::max_tile >= 2)
        for (; r + 2 <= last; r += 2) any_tile<Format, 2>(w, panel, x, r, to, stride, exist);
      for (; r < last; ++r) any_tile<Format, 1>(w, panel, x, r, to, stride, exist);
    }
  }
}

/// f.operator()<Format>() for a packing that multiplies quantised activations.
template <class F>
WEFT_FORCE void with_block_packing(Packing packing, F f) {
  switch (packing) {
    case Packing::q4_0:
      return f.template operator()<Q4<false>>();
    case Packing::q4_1:
      return f.template operator()<Q4<true>>();
    case Packing::q8_0:
      return f.template operator()<Q8>();
    case Packing::q4_k:
      return f.template operator()<Super<Packing::q4_k>>();
    case Packing::q5_k:
      return f.template operator()<Super<Packing::q5_k>>();
    case Packing::q6_k:
      return f.template operator()<Super<Packing::q6_k>>();
    case Packing::i8:
      return f.template operator()<Bytes<1, false>>();
    case Packing::i8_min:
      return f.template operator()<Bytes<1, true>>();
    case Packing::i8_half:
      return f.template operator()<Bytes<2, false>>();
    case Packing::i8_half_min:
      return f.template operator()<Bytes<2, true>>();
    default:
      return;
  }
}

inline void matmul(const Panels& w, std::int64_t begin, std::int64_t end, const Operand& x, std::int64_t rows,
                   float* out, std::int64_t stride) noexcept {
  if (w.packing == Packing::f16) return multiply<AsF16>(w, begin, end, x, rows, out, stride);
  if (w.packing == Packing::bf16) return multiply<AsBf16>(w, begin, end, x, rows, out, stride);
  if (w.packing == Packing::f32) return multiply<AsF32>(w, begin, end, x, rows, out, stride);
  with_block_packing(w.packing, [&]<class Format>() { multiply<Format>(w, begin, end, x, rows, out, stride); });
}
