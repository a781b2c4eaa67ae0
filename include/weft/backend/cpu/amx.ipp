// Products of many rows on AMX tiles; all else is AVX-512's.
//
// A group of a panel (16 weight rows, 4 columns each) is a row of the tile that TDPBSSD wants as its second operand, and rows of
// quantised activations are its first as they lie: one instruction gives the dot products of 16 rows of activations with 16 of
// weights over a block. They are exact integers; the float steps that follow are those of matmul.inl in their order, so the
// bits are those of every other set. A panel's weights are widened to signed bytes once for as many rows as stay in the L2 cache.
//
// While tiles are at work 512-bit floats have one port instead of two, and are what a product waits for: 48 instructions a tile.
// Tried: weights and activations as bfloat16, whose products TDPBF16PS sums up exactly to floats that need no conversion. A third
// less for what is in the first cache, but twice as many lines to read and to widen: nothing gained with many rows, worse with 16.
#pragma once

#include <algorithm>

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

/// A block of a panel, widened: w = d * q + m for each of the 16 rows, d and m per sub-block.
struct WideBlock {
  alignas(64) std::int8_t q[512];
  float d[2][16], m[2][16];
};

/// Whether the integers of a panel are signed bytes as they lie: tiles read them there.
template <class Format>
inline constexpr bool lie_wide = Format::width == 8 && Format::layout.bias == 0 && Format::halves == 1;

/// Block b of the panel.
template <class Format>
WEFT_FORCE void widen(const std::byte* panel, std::size_t b, WideBlock& wide) {
  const std::byte* q = panel + Format::layout.integers(b);
  if constexpr (!lie_wide<Format>)
    WEFT_EACH (i, 2) {
      auto planes = Format::planes(q, i);
      WEFT_EACH (g, 4) {
        Part::Pi bytes = Format::next(planes, q, i, g);
        if constexpr (Format::layout.bias != 0) bytes = _mm512_sub_epi8(bytes, _mm512_set1_epi8(Format::layout.bias));
        _mm512_store_si512(wide.q + (4 * i + g) * 64, bytes);
      }
    }
  WEFT_EACH (i, Format::halves) {
    Part::store(wide.d[i], Format::d(panel, b, i, 0));
    if constexpr (Format::layout.with_min) Part::store(wide.m[i], Format::m(panel, b, i, 0));
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
template <class Format>
WEFT_FORCE void add_dots(const WideBlock& wide, const TileBlock& x, int half, const std::int32_t (*dots)[16], Part::Pf (&acc)[16]) {
  const Part::Pf d = Part::load(wide.d[half]);
  WEFT_EACH (t, 16) acc[t] = Part::fma(Part::to_float(_mm512_load_si512(dots[t])), Part::mul(d, Part::set(x.d[t])), acc[t]);
  if constexpr (Format::layout.with_min) {
    const Part::Pf m = Part::load(wide.m[half]);
    WEFT_EACH (t, 16) acc[t] = Part::fma(m, Part::set(x.sum[half][t]), acc[t]);
  }
}

/// Weights that will be wanted next. They are asked for a few lines at a time, between products: all at once they would fill the
/// buffers of the first cache, and the processor would wait.
struct Ahead {
  const std::byte* at;
  const std::byte* end;
  std::int64_t step;       ///< bytes for each group of sub-blocks
  std::int64_t asked = 0;  ///< bytes that are asked for too early: lines are whole
};
WEFT_FORCE void ask(Ahead& ahead) {
  for (ahead.asked -= ahead.step; ahead.asked < 0 && ahead.at < ahead.end; ahead.asked += 64, ahead.at += 64) Part::prefetch(ahead.at);
}

/// Four sub-blocks, the weights of 16 rows and the activations of 16: what a turn of the tiles works on.
struct Group {
  static constexpr int steps = 4;
  const WideBlock* wide;
  const TileBlock* x;
  const std::byte* panel;  ///< from the first block of the group on
  std::int64_t last;       ///< block from there on that exists
};
/// Blocks in which whole groups lie; what follows the last one of a matrix is multiplied, and forgotten.
template <class Format>
constexpr std::int64_t whole_groups(std::int64_t blocks) noexcept {
  constexpr std::int64_t each = Group::steps / Format::halves;
  return (blocks + each - 1) / each * each;
}

template <class Format, int s>
WEFT_FORCE void multiply_step(const Group& at) {
  constexpr int b = s / Format::halves, half = s % Format::halves;
  const std::int8_t* w = at.wide[b].q + 256 * half;
  if constexpr (lie_wide<Format>) {
    constexpr auto place = Format::layout.integers(b);
    w = reinterpret_cast<const std::int8_t*>(at.panel + (b <= at.last ? place : 0));
  }
  dot_tile<s>(at.x[b].q[0] + 16 * half, w);
}
/// The floats of sub-block s of a group. Tiles work three sub-blocks ahead of them and are kept one ahead: neither waits for what has
/// just begun.
template <class Format, int s>
WEFT_FORCE void step(const Group& now, const Group& next, std::int32_t (*dots)[16][16], bool exists, Part::Pf (&acc)[16]) {
  keep_tile<(s + 1) % 4>(dots[(s + 1) % 2]);
  multiply_step<Format, (s + 3) % 4>(s == 0 ? now : next);
  if (exists) add_dots<Format>(now.wide[s / Format::halves], now.x[s / Format::halves], s % Format::halves, dots[s % 2], acc);
}

/// Sums of 16 rows after 16 rows: where they are so far (nowhere: 0) and where they go.
struct Sums {
  const float* from;  ///< [rows, 16]
  float* to;
  std::int64_t stride;
  std::int64_t rows;  ///< that are to be written
};

/// Sums of `tiles` times 16 rows += `blocks` blocks of the panel, which are widened, times those of x, [tiles, whole_groups(blocks)]. The
/// tiles work on without a pause: ahead of the last group of some rows are the first ones of the next.
template <class Format>
[[gnu::noinline]] inline void add_blocks(const std::byte* panel, const WideBlock* wide, std::int64_t blocks, const TileBlock* x,
                                         std::int64_t tiles, const Sums& sums, Ahead ahead) noexcept {
  constexpr std::int64_t each = Group::steps / Format::halves;
  alignas(64) std::int32_t dots[2][16][16];
  Group now{wide, x, panel, blocks - 1};
  multiply_step<Format, 0>(now);
  multiply_step<Format, 1>(now);
  keep_tile<0>(dots[0]);
  multiply_step<Format, 2>(now);
  for (std::int64_t r = 0; r < tiles * tile_rows; r += tile_rows) {
    Part::Pf acc[16];
    WEFT_EACH (t, 16) acc[t] = sums.from != nullptr ? Part::load(sums.from + (r + t) * 16) : Part::set(0.0f);
    float* const to = sums.to + r * sums.stride;
    const std::int64_t live = sums.rows - r;
    WEFT_EACH (t, 16)
      if (t < live) __builtin_prefetch(to + t * sums.stride, 1);  // by the end it may be written at once
    for (std::int64_t left = blocks * Format::halves; left > 0; left -= Group::steps) {
      Group next{wide, now.x + each, panel, blocks - 1};
      if (left > Group::steps) next = {now.wide + each, next.x, now.panel + Format::layout.integers(each), now.last - each};
      ask(ahead);
      step<Format, 0>(now, next, dots, true, acc);
      step<Format, 1>(now, next, dots, left > 1, acc);
      step<Format, 2>(now, next, dots, left > 2, acc);
      step<Format, 3>(now, next, dots, left > 3, acc);
      now = next;
    }
    WEFT_EACH (t, 16)
      if (t < live) Part::store(to + t * sums.stride, acc[t]);
  }
}

/// Which rows were gathered, and how.
struct Gathered {
  std::uint64_t id;
  std::int64_t first, rows;
  Packing packing;
  friend bool operator==(const Gathered&, const Gathered&) = default;
};

/// What is gathered and widened: Operand::room.
struct Room {
  static constexpr std::int64_t capacity = 2048;  ///< blocks of a tile of rows: 1.4 MB
  static constexpr std::int64_t cached = 1400;    ///< as many as stay in the L2 cache while the panels go by: 1 MB
  static constexpr std::int64_t most_tiles = 16;
  Gathered holds;
  TileBlock gathered[capacity + Group::steps];
  WideBlock wide[wide_blocks + Group::steps];
  alignas(64) float kept[most_tiles * tile_rows][16];
};

/// Panels, and the rows of activations (planes counted) that go over them together.
template <class Format>
struct Multiplication {
  const Panels& w;
  std::int64_t planes, rows, blocks;
  float* out;
  std::int64_t stride;
  Room& room;
  /// Blocks that are widened together: what the L1 cache holds.
  std::int64_t piece = whole_groups<Format>((blocks + pieces() - 1) / pieces());

  [[nodiscard]] std::int64_t pieces() const noexcept { return (blocks + wide_blocks - 1) / wide_blocks; }
  [[nodiscard]] std::int64_t tiles() const noexcept { return (rows + tile_rows - 1) / tile_rows; }
  [[nodiscard]] const std::byte* panel(std::int64_t p) const noexcept { return w.data + static_cast<std::size_t>(p) * w.stride; }

  /// f(first, count, activations) for each piece.
  template <class F>
  void for_each_piece(F f) const {
    for (std::int64_t first = 0; first < blocks; first += piece)
      f(first, std::min(piece, blocks - first), room.gathered + first * tiles());
  }
  void gather(const QuantBlock* x) const noexcept {
    for_each_piece([&](std::int64_t first, std::int64_t count, TileBlock* to) {
      for (std::int64_t r = 0; r < rows; r += tile_rows, to += whole_groups<Format>(count))
        gather_rows<Format>(x + r * blocks + first, rows - r, blocks, count, to);
    });
  }
  void multiply(std::int64_t begin, std::int64_t end) const noexcept {
    for (std::int64_t i = 0; i < piece * Format::block_bytes; i += 64) Part::prefetch(panel(begin) + i);
    for (std::int64_t p = begin; p < end; ++p) multiply_panel(p, p + 1 < end ? panel(p + 1) : nullptr);
  }
  void multiply_panel(std::int64_t p, const std::byte* next) const noexcept {
    const std::int64_t exist = w.rows - p * panel_rows;
    const bool directly = planes == 1 && exist >= panel_rows;
    for_each_piece([&](std::int64_t first, std::int64_t count, const TileBlock* x) {
      for (std::int64_t b = 0; b < count; ++b) widen<Format>(panel(p), static_cast<std::size_t>(first + b), room.wide[b]);
      const bool last = first + count >= blocks;
      const std::byte* const ahead = last ? next : panel(p) + (first + count) * Format::block_bytes;
      const std::int64_t bytes = ahead != nullptr ? std::min(piece, last ? blocks : blocks - first - count) * Format::block_bytes : 0;
      const std::int64_t groups = tiles() * whole_groups<Format>(count) * Format::halves / Group::steps;
      const float* const from = first > 0 ? room.kept[0] : nullptr;
      const Sums sums = last && directly ? Sums{from, out + p * panel_rows, stride, rows} : Sums{from, room.kept[0], 16, tiles() * tile_rows};
      add_blocks<Format>(panel(p) + Format::layout.integers(static_cast<std::size_t>(first)), room.wide, count, x, tiles(), sums,
                         {ahead, ahead + bytes, (bytes + groups - 1) / groups});
    });
    if (!directly) write_kept(p, exist);
  }
  void write_kept(std::int64_t p, std::int64_t exist) const noexcept {
    for (std::int64_t r = 0; r < rows; r += planes) {
      const Part::Pf sum = Part::load(room.kept[r]);
      store_rows(out + r / planes * stride + p * panel_rows, 0, planes == 2 ? Part::add(sum, Part::load(room.kept[r + 1])) : sum, exist);
    }
  }
};

/// How many of `rows` rows go over the panels together: as many as stay in the cache, in parts alike.
template <class Format>
inline std::int64_t rows_together(std::int64_t rows, std::int64_t blocks) noexcept {
  const std::int64_t fit = std::clamp(Room::cached / whole_groups<Format>(blocks), std::int64_t{1}, Room::most_tiles);
  const std::int64_t tiles = (rows + tile_rows - 1) / tile_rows, parts = (tiles + fit - 1) / fit;
  return (tiles + parts - 1) / parts * tile_rows;
}

template <class Format>
inline void multiply(const Panels& w, std::int64_t begin, std::int64_t end, const Operand& x, std::int64_t rows, float* out,
                     std::int64_t stride) noexcept {
  const std::int64_t blocks = (w.cols + quant_block - 1) / quant_block;
  std::int64_t whole = x.room != nullptr && blocks > 0 && whole_groups<Format>(blocks) <= Room::capacity ? rows * x.planes : 0;
  if (whole % tile_rows < fewest_rows) whole -= whole % tile_rows;
  if (whole > 0) {
    const TileConfig config = tile_config(Format::halves);
    __asm__ volatile("" : : "r"(&config) : "memory");  // GCC's _tile_loadconfig owns up to eight bytes only
    _tile_loadconfig(&config);
    const std::int64_t together = rows_together<Format>(whole, blocks);
    for (std::int64_t first = 0; first < whole; first += together) {
      const Multiplication<Format> job{w, x.planes, std::min(together, whole - first), blocks, out + first / x.planes * stride, stride,
                                       *reinterpret_cast<Room*>(x.room)};
      const Gathered wanted{x.id, first, job.rows, w.packing};
      if (x.id == 0 || job.room.holds != wanted) job.gather(reinterpret_cast<const QuantBlock*>(x.blocks) + first * blocks);
      job.room.holds = wanted;
      job.multiply(begin, end);
    }
    _tile_release();
  }
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
  kernels.room_bytes = sizeof(Room);
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
