// Products of many rows on AMX tiles; all else is AVX-512's.
//
// A group of a panel (16 weight rows, 4 columns each) is a row of the tile that TDPBSSD wants as its second operand, and rows of
// quantised activations are its first as they lie: one instruction gives the dot products of 16 rows of activations with 16 of
// weights over a block. They are exact integers; the float steps that follow are those of matmul.inl in their order, so the
// bits are those of every other set. A panel's weights are widened to signed bytes once for all rows.
//
// While tiles are at work 512-bit floats have one port instead of two, and are what a product waits for: 48 instructions a tile.
// Tried: weights and activations as bfloat16, whose products TDPBF16PS sums up exactly to floats that need no conversion. A third
// less for what is in the first cache, but twice as many lines to read and to widen: nothing gained with many rows, worse with 16.
#pragma once

#include "weft/backend/cpu/avx512.inl"

#if WEFT_CPU_X86

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,amx-tile,amx-int8,prfchw"))), \
                             apply_to = function)
#pragma float_control(push)
#pragma clang fp contract(off)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,amx-tile,amx-int8,prfchw")
#pragma GCC optimize("fp-contract=off")
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // as in avx512.inl
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

namespace weft::cpu::avx512::amx {

inline constexpr std::int64_t tile_rows = 16;  // of activations; planes count as rows
inline constexpr std::int64_t fewest_rows = 11;  // a tile that is not full costs as much as a full one: with fewer AVX-512 is faster
inline constexpr int wide_blocks = 24;

/// Blocks of a panel, widened: w = d * q + m for each of the 16 rows, d and m per sub-block.
struct Wide {
  alignas(64) std::int8_t q[wide_blocks][512];
  alignas(64) float d[wide_blocks][2][16];
  alignas(64) float m[wide_blocks][2][16];
};

/// Block b of the panel becomes block `at` of wide.
template <class Format>
WEFT_FORCE void widen(const std::byte* panel, std::size_t b, Wide& wide, int at) {
  const std::byte* q = panel + Format::layout.integers(b);
  WEFT_EACH (i, 2) {
    auto planes = Format::planes(q, i);
    WEFT_EACH (g, 4) {
      Part::Pi bytes = Format::next(planes, q, i, g);
      if constexpr (Format::layout.bias != 0) bytes = _mm512_sub_epi8(bytes, _mm512_set1_epi8(Format::layout.bias));
      _mm512_store_si512(wide.q[at] + (4 * i + g) * 64, bytes);
    }
  }
  WEFT_EACH (i, Format::halves) {
    Part::store(wide.d[at][i], Format::d(panel, b, i, 0));
    if constexpr (Format::layout.with_min) Part::store(wide.m[at][i], Format::m(panel, b, i, 0));
  }
}

/// A block of 16 rows of activations, side by side: rows of a matrix that are a power of two apart would share the sets of a cache.
struct TileBlock {
  alignas(64) std::int8_t q[16][32];
  float d[16];
  float sum[2][16];  ///< of the block, or of its halves
};

/// Of fewer than 16 `rows` the last stands for those that are missing.
template <class Format>
inline void gather_rows(const QuantBlock* x, std::int64_t rows, std::int64_t stride, std::int64_t blocks, TileBlock* out) noexcept {
  for (std::int64_t b = 0; b < blocks; ++b)
    for (int t = 0; t < 16; ++t) {
      const QuantBlock& from = x[(t < rows ? t : rows - 1) * stride + b];
      std::memcpy(out[b].q[t], from.q, 32);
      out[b].d[t] = from.d;
      if constexpr (Format::layout.with_min) {
        out[b].sum[0][t] = Format::halves == 1 ? from.sum : from.half_sum[0];
        out[b].sum[1][t] = from.half_sum[1];
      }
    }
}

/// Tile `turn` of four becomes the dot products of 16 rows of activations with the 16 weight rows, over 32 / halves columns. Tiles
/// have numbers, not indices.
template <int turn>
WEFT_FORCE void dot_tile(const std::int8_t* x, const std::int8_t* w) {
#define WEFT_DOT_TILE(sum, a, b) \
  _tile_zero(sum);               \
  _tile_loadd(a, x, 32);         \
  _tile_loadd(b, w, 64);         \
  _tile_dpbssd(sum, a, b);
  if constexpr (turn == 0) { WEFT_DOT_TILE(0, 4, 5) }
  if constexpr (turn == 1) { WEFT_DOT_TILE(1, 6, 7) }
  if constexpr (turn == 2) { WEFT_DOT_TILE(2, 4, 5) }
  if constexpr (turn == 3) { WEFT_DOT_TILE(3, 6, 7) }
#undef WEFT_DOT_TILE
}
/// dots[r][lane] of tile `turn`.
template <int turn>
WEFT_FORCE void keep_tile(std::int32_t (*dots)[16]) {
  if constexpr (turn == 0) _tile_stored(0, dots, 64);
  if constexpr (turn == 1) _tile_stored(1, dots, 64);
  if constexpr (turn == 2) _tile_stored(2, dots, 64);
  if constexpr (turn == 3) _tile_stored(3, dots, 64);
}

/// What LDTILECFG reads (Intel SDM volume 1, section 18.3).
struct alignas(64) TileConfig {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};
/// Tiles 4 and 6 hold activations, 5 and 7 weights.
inline TileConfig tile_config(int halves) noexcept {
  TileConfig config;
  for (int i = 0; i < 8; ++i) {
    const bool activations = i == 4 || i == 6, weights = i == 5 || i == 7;
    config.row_bytes[i] = static_cast<std::uint16_t>(activations ? 32 / halves : 64);
    config.rows[i] = static_cast<std::uint8_t>(weights ? 8 / halves : 16);
  }
  return config;
}

/// The float steps of one sub-block.
template <int halves, bool with_min>
WEFT_FORCE void add_dots(const Wide& wide, const TileBlock* x, int b, int half, const std::int32_t (*dots)[16], Part::Pf (&acc)[16]) {
  const Part::Pf d = Part::load(wide.d[b][half]);
  WEFT_EACH (t, 16) acc[t] = Part::fma(Part::to_float(_mm512_load_si512(dots[t])), Part::mul(d, Part::set(x[b].d[t])), acc[t]);
  if constexpr (with_min) {
    const Part::Pf m = Part::load(wide.m[b][half]);
    WEFT_EACH (t, 16) acc[t] = Part::fma(m, Part::set(x[b].sum[half][t]), acc[t]);
  }
}

/// Weights that will be wanted next. They are asked for a few lines at a time, between products: all at once they would fill the
/// buffers of the first cache, and the processor would wait.
struct Ahead {
  const std::byte* at = nullptr;
  const std::byte* end = nullptr;
  std::int64_t asked = 0;  ///< bytes that are asked for too early: lines are whole
};
WEFT_FORCE void ask(Ahead& ahead, std::int64_t bytes) {
  for (ahead.asked -= bytes; ahead.asked < 0 && ahead.at < ahead.end; ahead.asked += 64, ahead.at += 64) Part::prefetch(ahead.at);
}

/// 16 rows of sums, `stride` floats apart, of which `live` exist.
struct Sums {
  float* at;
  std::int64_t stride, live;
  bool begun;  ///< else they are still 0
};

/// What add_blocks works on.
template <class Format>
struct Steps {
  static constexpr int halves = Format::halves;
  const Wide& wide;
  const TileBlock* x;
  std::int32_t (*dots)[16][16];
  int count;  ///< of sub-blocks

  template <int turn>
  WEFT_INSIDE void multiply(int s) const {
    if (s >= count) return;
    const int b = s / halves, half = s % halves;
    dot_tile<turn>(x[b].q[0] + 16 * half, wide.q[b] + 256 * half);
  }
  /// Tiles work three sub-blocks ahead of the floats and are kept one ahead: neither waits for what has just begun.
  template <int turn>
  WEFT_INSIDE void add(int s, Part::Pf (&acc)[16]) const {
    if (s >= count) return;
    if (s + 1 < count) keep_tile<(turn + 1) % 4>(dots[(turn + 1) % 2]);
    multiply<(turn + 3) % 4>(s + 3);
    add_dots<halves, Format::layout.with_min>(wide, x, s / halves, s % halves, dots[turn % 2], acc);
  }
};

/// sums[r][lane] += `blocks` blocks of wide times those of 16 rows. asks: a block asks for as many bytes of `ahead`.
template <class Format, bool asks>
[[gnu::noinline]] inline void add_blocks(const Wide& wide, int blocks, const TileBlock* x, const Sums& sums, Ahead ahead) noexcept {
  alignas(64) std::int32_t dots[2][16][16];
  Part::Pf acc[16];
  WEFT_EACH (t, 16) {
    acc[t] = sums.begun && t < sums.live ? Part::load(sums.at + t * sums.stride) : Part::set(0.0f);
    if (t < sums.live) __builtin_prefetch(sums.at + t * sums.stride, 1);  // by the end it may be written at once
  }
  const Steps<Format> steps{wide, x, dots, blocks * Format::halves};
  steps.template multiply<0>(0);
  steps.template multiply<1>(1);
  keep_tile<0>(dots[0]);
  steps.template multiply<2>(2);
  for (int s = 0; s < steps.count; s += 4) {
    if constexpr (asks) ask(ahead, 2 * Format::block_bytes / Format::halves);
    steps.template add<0>(s, acc);
    steps.template add<1>(s + 1, acc);
    if constexpr (asks) ask(ahead, 2 * Format::block_bytes / Format::halves);
    steps.template add<2>(s + 2, acc);
    steps.template add<3>(s + 3, acc);
  }
  WEFT_EACH (t, 16)
    if (t < sums.live) Part::store(sums.at + t * sums.stride, acc[t]);
}

/// Rows of activations that go over the panels together, and how many blocks of them at once: what is gathered of them stays in the
/// L2 cache. The sums of one plane wait in `out` for the next blocks; two planes become one value there, so they take all blocks at once.
struct Gathered {
  static constexpr std::int64_t capacity = 8 * wide_blocks;  // tile blocks: 132 KiB
  std::int64_t rows, blocks;
  Gathered(std::int64_t all_blocks, std::int64_t planes) noexcept {
    const std::int64_t parts = (all_blocks + wide_blocks - 1) / wide_blocks;
    blocks = planes == 2 || parts < 2 ? all_blocks : (all_blocks + parts - 1) / parts;
    rows = capacity / (blocks > 0 ? blocks : 1) * tile_rows;
    if (rows > 8 * tile_rows) rows = 8 * tile_rows;
  }
};

WEFT_FORCE Part::Pf load_rows(const float* from, std::int64_t rows) { return rows >= 16 ? Part::load(from) : load_some(from, rows).p[0]; }

/// Rows of activations, `rows` of them (planes counted), over blocks [first, first + blocks), and panels to multiply them by.
template <class Format>
struct Multiplication {
  const Panels& w;
  std::int64_t end, first, blocks, rows, planes;
  float* out;
  std::int64_t stride;
  struct Room {
    TileBlock gathered[Gathered::capacity];
    Wide wide;
    alignas(64) float kept[8 * tile_rows][16];
  };
  Room& room;

  [[nodiscard]] const std::byte* panel(std::int64_t p) const noexcept { return w.data + static_cast<std::size_t>(p) * w.stride; }

  void multiply(std::int64_t begin) const noexcept {
    for (std::int64_t p = begin; p < end; ++p)
      for (std::int64_t done = 0; done < blocks; done += wide_blocks)
        multiply_piece(p, done, static_cast<int>(blocks - done < wide_blocks ? blocks - done : wide_blocks));
  }

  /// `count` blocks of panel p from `done` on.
  void multiply_piece(std::int64_t p, std::int64_t done, int count) const noexcept {
    for (int at = 0; at < count; ++at) widen<Format>(panel(p), static_cast<std::size_t>(first + done + at), room.wide, at);
    const std::byte* const next = panel(p + 1) + (first + done) * Format::block_bytes;
    for (std::int64_t r = 0; r < rows; r += tile_rows) {
      const Sums sums = begin_sums(p, r, done > 0);
      const auto* const block = room.gathered + r / tile_rows * blocks + done;
      if (r == 0)
        add_blocks<Format, true>(room.wide, count, block, sums, {next, next + count * Format::block_bytes});
      else
        add_blocks<Format, false>(room.wide, count, block, sums, {});
      if (sums.at == room.kept[r] && done + wide_blocks >= blocks) keep_sums(p, r);
    }
  }

  /// Sums of whole panels grow where they belong, others beside it.
  [[nodiscard]] Sums begin_sums(std::int64_t p, std::int64_t r, bool begun) const noexcept {
    const std::int64_t exist = w.rows - p * panel_rows, live = rows - r < tile_rows ? rows - r : tile_rows;
    float* const to = out + p * panel_rows + r * stride;
    if (planes == 1 && exist >= panel_rows) return {to, stride, live, begun || first > 0};
    if (first > 0)
      for (std::int64_t t = 0; t < live; ++t) Part::store(room.kept[r + t], load_rows(to + t * stride, exist));
    return {room.kept[r], 16, live, begun || first > 0};
  }
  void keep_sums(std::int64_t p, std::int64_t from) const noexcept {
    for (std::int64_t r = from; r < rows && r < from + tile_rows; r += planes) {
      const Part::Pf sum = Part::load(room.kept[r]);
      store_rows(out + r / planes * stride + p * panel_rows, 0, planes == 2 ? Part::add(sum, Part::load(room.kept[r + 1])) : sum,
                 w.rows - p * panel_rows);
    }
  }
};

/// Rows of x from `from` on, `rows` of them (planes counted), times panels [begin, end).
template <class Format>
inline void multiply_rows(const Panels& w, std::int64_t begin, std::int64_t end, const QuantBlock* from, std::int64_t all_blocks,
                          std::int64_t planes, const Gathered& size, std::int64_t rows, float* out, std::int64_t stride) noexcept {
  typename Multiplication<Format>::Room room;
  for (std::int64_t first = 0; first < all_blocks; first += size.blocks) {
    const std::int64_t blocks = all_blocks - first < size.blocks ? all_blocks - first : size.blocks;
    const Multiplication<Format> job{w, end, first, blocks, rows, planes, out, stride, room};
    for (std::int64_t i = 0; i < blocks * Format::block_bytes; i += 64) Part::prefetch(job.panel(begin) + first * Format::block_bytes + i);
    for (std::int64_t r = 0; r < rows; r += tile_rows)
      gather_rows<Format>(from + r * all_blocks + first, rows - r, all_blocks, blocks, room.gathered + r / tile_rows * blocks);
    job.multiply(begin);
  }
}

template <class Format>
inline void multiply(const Panels& w, std::int64_t begin, std::int64_t end, const Operand& x, std::int64_t rows, float* out,
                     std::int64_t stride) noexcept {
  const std::int64_t blocks = (w.cols + quant_block - 1) / quant_block;
  const Gathered size(blocks, x.planes);
  // None when two planes of so wide a matrix do not fit.
  std::int64_t whole = size.rows > 0 ? rows * x.planes : 0;
  if (whole % tile_rows < fewest_rows) whole -= whole % tile_rows;
  const TileConfig config = tile_config(Format::halves);
  __asm__ volatile("" : : "r"(&config) : "memory");  // GCC's _tile_loadconfig owns up to eight bytes only
  _tile_loadconfig(&config);
  for (std::int64_t first = 0; first < whole; first += size.rows)
    multiply_rows<Format>(w, begin, end, reinterpret_cast<const QuantBlock*>(x.blocks) + first * blocks, blocks, x.planes, size,
                          whole - first < size.rows ? whole - first : size.rows, out + first / x.planes * stride, stride);
  _tile_release();
  const std::int64_t done = whole / x.planes;
  Operand rest = x;
  rest.blocks += static_cast<std::size_t>(whole * blocks) * sizeof(QuantBlock);
  if (done < rows) avx512::multiply<Format>(w, begin, end, rest, rows - done, out + done * stride, stride);
}

inline void matmul(const Panels& w, std::int64_t begin, std::int64_t end, const Operand& x, std::int64_t rows, float* out,
                   std::int64_t stride) noexcept {
  if (!quantises(w.packing) || rows * x.planes < fewest_rows) return avx512::matmul(w, begin, end, x, rows, out, stride);
  with_block_packing(w.packing, [&]<class Format>() { multiply<Format>(w, begin, end, x, rows, out, stride); });
}

constexpr Kernels with_tiles() noexcept {
  Kernels kernels = avx512::table;
  kernels.name = "avx512-amx";
  kernels.matmul = matmul;
  return kernels;
}
inline constexpr Kernels table = with_tiles();

}  // namespace weft::cpu::avx512::amx

#if defined(__clang__)
#pragma float_control(pop)
#pragma clang attribute pop
#else
#pragma GCC diagnostic pop
#pragma GCC pop_options
#endif

namespace weft::cpu {
WEFT_INLINE const Kernels& avx512_kernels() noexcept { return avx512::table; }
WEFT_INLINE const Kernels& amx_kernels() noexcept { return avx512::amx::table; }
}  // namespace weft::cpu

#endif
