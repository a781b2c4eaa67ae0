// What attention works on: queries that go over pages together, in tiles of a few, and the scratch of a block of them. See attention.inl.
// Included inside a target region and the namespace of an instruction set.

inline constexpr int block_queries = 24;
inline constexpr int block_dims = 128;  ///< dimensions of V that are summed at a time
inline constexpr int tile_queries = max_tile < 4 ? 1 : max_tile == 8 && Part::count == 1 ? 8 : 4;

/// Pages whose keys a tile takes at a time: what is broadcast serves all of them.
inline constexpr int tile_pages = tile_queries == 8 ? 2 : 1;
inline constexpr std::int64_t widest_shared = 256;  ///< dimensions of heads that are laid out once for several tiles

/// Queries of the next tile when `left` are left.
constexpr int tile_size(int left) noexcept { return left >= tile_queries ? tile_queries : left >= 4 ? 4 : left; }

struct Queries {
  int count = 0;
  const float* q[block_queries];
  float* out[block_queries];
  std::int64_t seen[block_queries];  ///< positions that the query attends to: ascending
  const std::byte* const* pages[block_queries];
  bool several = false;  ///< sequences
};

/// One past the queries of the sequence to which query `from` belongs.
inline int sequence_end(const Queries& queries, int from) noexcept {
  int end = from + 1;
  while (end < queries.count && queries.pages[end] == queries.pages[from]) ++end;
  return end;
}

/// Which queries read page p together: all from `begin` on, those that see it, if it is one page, else those of a sequence.
struct Readers {
  const Queries& queries;
  int begin;
  bool together = true;

  Readers(const Queries& all, int first, std::int64_t p) noexcept : queries(all), begin(first) {
    if (!queries.several) return;
    while (queries.seen[begin] <= p * page_positions) ++begin;
    for (int t = begin + 1; t < queries.count; ++t) together = together && queries.pages[t][p] == queries.pages[begin][p];
  }
  /// Whether the same queries do so with another page.
  [[nodiscard]] bool as(const Readers& other) const noexcept { return begin == other.begin && together == other.together; }
  [[nodiscard]] int end(int from) const noexcept { return together ? queries.count : sequence_end(queries, from); }
};

/// What a block works with, on the stack of the worker: 116 KB with tiles of eight, else 52 KB.
/// Queries t, t + 1, ... of a tile of eight lie side by side in q, dimension by dimension; in `own` those of tiles that hold one sequence
/// each. Of fewer, each is read where it is.
struct Scratch {
  static constexpr std::int64_t side_by_side = tile_queries == 8 ? block_queries * widest_shared : 1;
  float scores[block_queries][attention_split];
  float sums[block_queries][block_dims];
  float q[side_by_side];
  float own[side_by_side];
  float numbers[tile_pages * page_positions * widest_shared];  ///< keys of a tile's pages as float32
};
/// Queries that go together: fewer when heads are so wide that they would not fit Scratch::q.
inline int queries_together(std::int64_t head_dim) noexcept {
  const std::int64_t fit = block_queries * widest_shared / head_dim;
  return fit >= block_queries ? block_queries : fit > 1 ? static_cast<int>(fit) : 1;
}

/// step.tile<T>(first query) for every tile of queries [from, end) that has one from `begin` on.
template <class Step>
WEFT_FORCE void for_each_tile(int from, int begin, int end, Step& step) {
  for (int t = from, size; t < end; t += size) {
    size = tile_size(end - t);
    if (t + size <= begin) continue;
    if constexpr (tile_queries == 8)
      if (size == 8) step.template tile<8>(t);
    if constexpr (tile_queries >= 4) {
      if (size == 4) step.template tile<4>(t);
      if (size == 3) step.template tile<3>(t);
      if (size == 2) step.template tile<2>(t);
    }
    if (size == 1) step.template tile<1>(t);
  }
}

/// The 16 scales behind a block of 8-bit keys or values.
WEFT_FORCE F load_scales(const std::byte* block, std::int64_t head_dim) {
  float scales[16];
  std::memcpy(scales, block + page_positions * head_dim, sizeof scales);
  return load(scales);
}

/// 16 values of a row of V, of which `left` exist.
template <class V, bool whole>
WEFT_FORCE F load_values(const std::byte* p, std::int64_t left) {
  F r;
  if constexpr (whole) {
    WEFT_EACH (i, Part::count) r.p[i] = V::load(p + i * Part::lanes * V::bytes);
  } else {
    std::byte padded[16 * V::bytes] = {};
    std::memcpy(padded, p, static_cast<std::size_t>(left) * V::bytes);
    WEFT_EACH (i, Part::count) r.p[i] = V::load(padded + i * Part::lanes * V::bytes);
  }
  return r;
}

/// Keys and values of a page lie where no hardware foresees them: ask for those of page p of query t, or of the next job if there are
/// not so many. The first half of them: the rest the hardware then asks for by itself, while more requests would wait for each other
/// (4 KiB here and there in huge pages, ticks each: 1,760 without, 1,840-1,900 for all of it at once, 1,260 so).
WEFT_FORCE void prefetch_page(const AttentionJob& job, const Queries& queries, int t, std::int64_t p, std::size_t KvSlot::*offset) {
  const KvSlot* slot = &job.slot;
  const std::byte* const* pages = queries.pages[t];
  const std::int64_t count = (queries.seen[t] + page_positions - 1) / page_positions;
  if (p >= count) {
    p -= count;
    if (job.next == nullptr || p * page_positions > job.next->position_of(0)) return;
    slot = &job.next->slot;
    pages = job.next->pages_of(0);
  }
  const auto bytes = static_cast<std::int64_t>(kv_block_bytes(slot->type, slot->head_dim));
  for (std::int64_t i = 0; i < bytes / 2; i += 64) Part::prefetch(pages[p] + slot->*offset + i);
}
inline constexpr std::int64_t pages_ahead = 2;

/// step(first page, pages, readers, first query, one past the last) for the pages of a split, up to `most` with the same readers at a time.
template <class Step>
WEFT_FORCE void for_each_page(const Queries& queries, int begin, std::int64_t base, std::int64_t positions, int most, Step&& step) {
  const std::int64_t last = (base + positions + page_positions - 1) / page_positions;
  int pages = 1;
  for (std::int64_t p = base / page_positions; p < last; p += pages) {
    const Readers readers(queries, begin, p);
    for (pages = 1; pages < most && p + pages < last && readers.as(Readers(queries, begin, p + pages));) ++pages;
    for (int from = 0, end; from < queries.count; from = end) {
      end = readers.end(from);
      if (end > readers.begin) step(p, pages, readers, from, end);
    }
  }
}
