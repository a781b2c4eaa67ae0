// Products of many rows on AMX tiles; all else is AVX-512's.
//
// A group of a panel (16 weight rows, 4 columns each) is a row of the tile that TDPBSSD wants as its second operand, and rows of
// quantised activations are its first as they lie: one instruction gives the dot products of 16 rows of activations with 16 of
// weights over a block. They are exact integers; the float steps that follow are those of matmul.inl in their order, so the
// bits are those of every other set. A panel's weights are widened to signed bytes once for all rows.
#pragma once

#include "weft/backend/cpu/avx512.inl"

#if WEFT_CPU_X86

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,amx-tile,amx-int8"))), \
                             apply_to = function)
#pragma float_control(push)
#pragma clang fp contract(off)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,amx-tile,amx-int8")
#pragma GCC optimize("fp-contract=off")
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // as in avx512.inl
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

namespace weft::cpu::avx512::amx {

inline constexpr std::int64_t tile_rows = 16;  // of activations; planes count as rows
inline constexpr std::int64_t fewest_rows = 11;  // a tile that is not full costs as much as a full one: with fewer AVX-512 is faster
inline constexpr int wide_blocks = 32;

/// Blocks of a panel, widened: w = d * q + m for each of the 16 rows, d and m per sub-block.
struct Wide {
  alignas(64) std::int8_t q[wide_blocks][512];
  alignas(64) float d[wide_blocks][2][16];
  alignas(64) float m[wide_blocks][2][16];
};

WEFT_FORCE void keep_group(Wide& wide, int at, int group, Part::Pi bytes) { _mm512_store_si512(&wide.q[at][group * 64], bytes); }

/// Block b of the panel becomes block `at` of wide.
template <class Format>
WEFT_FORCE void widen(const std::byte* panel, std::size_t b, Wide& wide, int at) {
  const std::byte* q = panel + Format::layout.integers(b);
  WEFT_EACH (i, 2) {
    auto planes = Format::planes(q, i);
    WEFT_EACH (g, 4) {
      Part::Pi bytes = Format::next(planes, q, i, g);
      if constexpr (Format::layout.bias != 0) bytes = _mm512_sub_epi8(bytes, _mm512_set1_epi8(Format::layout.bias));
      keep_group(wide, at, 4 * i + g, bytes);
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
template <int halves>
inline void gather_rows(const QuantBlock* x, std::int64_t rows, std::int64_t stride, std::int64_t blocks, TileBlock* out) noexcept {
  for (std::int64_t b = 0; b < blocks; ++b)
    for (int t = 0; t < 16; ++t) {
      const QuantBlock& from = x[(t < rows ? t : rows - 1) * stride + b];
      std::memcpy(out[b].q[t], from.q, 32);
      out[b].d[t] = from.d;
      out[b].sum[0][t] = halves == 1 ? from.sum : from.half_sum[0];
      out[b].sum[1][t] = from.half_sum[1];
    }
}

/// dots[r][lane]: 16 rows of activations times the 16 weight rows, over 32 / halves columns. Tiles have numbers, not indices.
template <int turn>
WEFT_FORCE void dot_tile(const std::int8_t* x, const std::int8_t* w, std::int32_t (*dots)[16]) {
#define WEFT_DOT_TILE(sum, a, b) \
  _tile_zero(sum);               \
  _tile_loadd(a, x, 32);         \
  _tile_loadd(b, w, 64);         \
  _tile_dpbssd(sum, a, b);       \
  _tile_stored(sum, dots, 64);
  if constexpr (turn == 0) { WEFT_DOT_TILE(0, 2, 3) }
  if constexpr (turn == 1) { WEFT_DOT_TILE(1, 4, 5) }
#undef WEFT_DOT_TILE
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

/// sums[r][lane] += `blocks` blocks of wide times those of 16 rows. Tiles work one sub-block ahead of the floats: the even ones use
/// one set of tiles, the odd ones the other. asks: a block asks for block_bytes of `ahead`.
template <int halves, bool with_min, bool asks>
[[gnu::noinline]] inline void add_blocks(const Wide& wide, int blocks, const TileBlock* x, float (*sums)[16], Ahead ahead, std::int64_t block_bytes) noexcept {
  alignas(64) std::int32_t even[16][16], odd[16][16];
  Part::Pf acc[16];
  WEFT_EACH (t, 16) acc[t] = Part::load(sums[t]);
  const int steps = blocks * halves;
  dot_tile<0>(x[0].q[0], wide.q[0], even);
  for (int s = 0; s < steps; s += 2) {
    if constexpr (asks) ask(ahead, 2 * block_bytes / halves);
    const int b = s / halves, next = (s + 1) / halves, next_half = (s + 1) % halves, after = (s + 2) / halves;
    if (s + 1 < steps) dot_tile<1>(x[next].q[0] + 16 * next_half, wide.q[next] + 256 * next_half, odd);
    add_dots<halves, with_min>(wide, x, b, 0, even, acc);
    if (s + 1 == steps) break;
    if (s + 2 < steps) dot_tile<0>(x[after].q[0], wide.q[after], even);
    add_dots<halves, with_min>(wide, x, next, next_half, odd, acc);
  }
  WEFT_EACH (t, 16) Part::store(sums[t], acc[t]);
}

/// What LDTILECFG reads (Intel SDM volume 1, section 18.3).
struct alignas(64) TileConfig {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};
inline TileConfig tile_config(int halves) noexcept {
  TileConfig config;
  for (int i = 0; i < 6; ++i) {
    const bool activations = i == 2 || i == 4, weights = i == 3 || i == 5;
    config.row_bytes[i] = static_cast<std::uint16_t>(activations ? 32 / halves : 64);
    config.rows[i] = static_cast<std::uint8_t>(weights ? 8 / halves : 16);
  }
  return config;
}

/// Rows of activations that go over the panels together, and how many blocks of them at once: what is gathered of them stays in the
/// L2 cache. The sums of one plane wait in `out` for the next blocks; two planes become one value there, so they take all blocks at once.
struct Gathered {
  static constexpr std::int64_t capacity = 256;  // tile blocks: 176 KiB
  std::int64_t rows, blocks;
  Gathered(std::int64_t all_blocks, std::int64_t planes) noexcept {
    blocks = planes == 2 || all_blocks < wide_blocks ? all_blocks : wide_blocks;
    rows = capacity / (blocks > 0 ? blocks : 1) * tile_rows;
    if (rows > 8 * tile_rows) rows = 8 * tile_rows;
  }
};

/// `rows` rows, in whole tiles, times blocks [first, first + blocks) of one panel, added to sums. The next panel is `stride` further on.
template <class Format>
inline void multiply_panel(const std::byte* panel, std::size_t stride, std::int64_t first, std::int64_t blocks, const TileBlock* x,
                           std::int64_t rows, float (*sums)[16]) noexcept {
  Wide wide;
  for (std::int64_t done = 0; done < blocks; done += wide_blocks) {
    const auto count = static_cast<int>(blocks - done < wide_blocks ? blocks - done : wide_blocks);
    for (int at = 0; at < count; ++at) widen<Format>(panel, static_cast<std::size_t>(first + done + at), wide, at);
    const std::byte* const next = panel + stride + (first + done) * Format::block_bytes;
    const Ahead ahead{next, next + count * Format::block_bytes};
    add_blocks<Format::halves, Format::layout.with_min, true>(wide, count, x + done, sums, ahead, Format::block_bytes);
    for (std::int64_t r = tile_rows; r < rows; r += tile_rows)
      add_blocks<Format::halves, Format::layout.with_min, false>(wide, count, x + r / tile_rows * blocks + done, sums + r, {}, 0);
  }
}

WEFT_FORCE Part::Pf load_rows(const float* from, std::int64_t rows) { return rows >= 16 ? Part::load(from) : load_some(from, rows).p[0]; }

/// Rows of x from `from` on, `rows` of them (planes counted), times panels [begin, end).
template <class Format>
inline void multiply_rows(const Panels& w, std::int64_t begin, std::int64_t end, const QuantBlock* from, std::int64_t all_blocks,
                          std::int64_t planes, const Gathered& size, std::int64_t rows, float* out, std::int64_t stride) noexcept {
  TileBlock gathered[Gathered::capacity];
  alignas(64) float sums[8 * tile_rows][16];
  const std::int64_t in_tiles = (rows + tile_rows - 1) / tile_rows * tile_rows;
  for (std::int64_t first = 0; first < all_blocks; first += size.blocks) {
    const std::int64_t blocks = all_blocks - first < size.blocks ? all_blocks - first : size.blocks;
    const std::byte* const start = w.data + static_cast<std::size_t>(begin) * w.stride + first * Format::block_bytes;
    for (std::int64_t i = 0; i < blocks * Format::block_bytes; i += 64) Part::prefetch(start + i);
    for (std::int64_t r = 0; r < rows; r += tile_rows)
      gather_rows<Format::halves>(from + r * all_blocks + first, rows - r, all_blocks, blocks, gathered + r / tile_rows * blocks);
    for (std::int64_t p = begin; p < end; ++p) {
      const std::int64_t exist = w.rows - p * panel_rows;
      float* const to = out + p * panel_rows;
      for (std::int64_t r = 0; r < in_tiles; ++r)
        Part::store(sums[r], first == 0 || r >= rows ? Part::set(0.0f) : load_rows(to + r * stride, exist));
      multiply_panel<Format>(w.data + static_cast<std::size_t>(p) * w.stride, w.stride, first, blocks, gathered, in_tiles, sums);
      for (std::int64_t r = 0; r < rows; r += planes) {
        const Part::Pf sum = Part::load(sums[r]);
        store_rows(to + r / planes * stride, 0, planes == 2 ? Part::add(sum, Part::load(sums[r + 1])) : sum, exist);
      }
    }
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
