// Attention over pages of keys and values: softmax(scale q K^T) V per split of 256 positions, merged in order of
// position.
//
// A query is one head of one row. A block of queries goes over the pages together, in tiles of a few that share what is read
// and converted; queries of several sequences do so on the pages that all of them share. Each query's own arithmetic never
// depends on its neighbours: scores are sums over even and odd dimensions (dot_columns), the softmax has a fixed order of lanes,
// values are added in order of position, and positions past the query's own are never added. Included inside a target region
// and the namespace of an instruction set.

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

/// What a block works with. Queries t, t + 1, ... of a tile of eight lie side by side in q, dimension by dimension; in `own` those of
/// tiles that hold one sequence each. Of fewer, each is read where it is.
struct Scratch {
  float scores[block_queries][attention_split];
  float sums[block_queries][block_dims];
  float q[block_queries * widest_shared];
  float own[block_queries * widest_shared];
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

/// scores[t][i, i + 16 P) of P pages.
template <class V, int P>
struct ScorePages {
  const std::byte* const (&keys)[P];
  const F (&factors)[P];  ///< of the sums
  const Queries& queries;
  const float* side_by_side;
  std::int64_t head_dim, i;
  Scratch& scratch;

  template <int T>
  WEFT_INSIDE void tile(int t) {
    F sums[P][T];
    if constexpr (T == 8)
      dot_columns<V, T, P>(keys, head_dim, SideBySide<T>{side_by_side + t * head_dim}, sums);
    else
      dot_columns<V, T, P>(keys, head_dim, Apart<T>(queries.q + t), sums);
    WEFT_EACH (p, P)
      WEFT_EACH (j, T) store(scratch.scores[t + j] + i + p * page_positions, mul(sums[p][j], factors[p]));
  }
};

/// Rows [first, last) of V, 16 to a page, from `offset` on.
struct Rows {
  const std::byte* const* pages;
  std::size_t offset;
  std::int64_t bytes;
  int first, last;
};

/// sums[t][j] += weights[t][i] * V[i][j] for the rows i and C times 16 dims, of which `left` exist.
template <class V, int T, int C, bool whole>
WEFT_FORCE void add_values(const Rows& rows, std::int64_t d, std::int64_t left, const float* weights, float* sums) {
  F acc[C][T];
  WEFT_EACH (c, C)
    WEFT_EACH (t, T) acc[c][t] = load(sums + t * block_dims + 16 * c);
  for (int i = rows.first; i < rows.last;) {
    const std::byte* row = rows.pages[i / page_positions] + rows.offset + i % page_positions * rows.bytes + d * V::bytes;
    int end = static_cast<int>((i / page_positions + 1) * page_positions);
    if (end > rows.last) end = rows.last;
    for (; i < end; ++i, row += rows.bytes) {
      F v[C];
      WEFT_EACH (c, C) v[c] = load_values<V, whole>(row + c * 16 * V::bytes, left);
      WEFT_EACH (t, T) {
        const F weight = set(weights[t * attention_split + i]);
        WEFT_EACH (c, C) acc[c][t] = fma(weight, v[c], acc[c][t]);
      }
    }
  }
  WEFT_EACH (c, C)
    WEFT_EACH (t, T) store(sums + t * block_dims + 16 * c, acc[c][t]);
}

/// sums[t] += the weighted values of positions [i, i + positions) of the split, for each query as far as it sees.
template <class V>
struct SumValues {
  const std::byte* const* pages;  ///< the first of those with these positions
  std::size_t offset;             ///< of the first of `dims` dimensions
  const Queries& queries;
  std::int64_t row_bytes, dims, base, i, positions;
  int begin;
  Scratch& scratch;

  template <int T>
  WEFT_INSIDE void some(int t, int first, int last) {
    constexpr int C = T == 1 || (T <= 4 && Part::count == 1) ? 4 : Part::count == 1 || T * Part::count <= 4 ? 2 : 1;
    const Rows rows{pages, offset, row_bytes, first, last};
    const float* const weights = scratch.scores[t] + i;
    float* const sums = scratch.sums[t];
    std::int64_t d = 0;
    for (; d + 16 * C <= dims; d += 16 * C) add_values<V, T, C, true>(rows, d, 16, weights, sums + d);
    if constexpr (C > 1)
      for (; d + 16 <= dims; d += 16) add_values<V, T, 1, true>(rows, d, 16, weights, sums + d);
    if (d < dims) add_values<V, T, 1, false>(rows, d, dims - d, weights, sums + d);
  }
  /// How many of the positions query t sees.
  [[nodiscard]] int seen(int t) const noexcept {
    const std::int64_t left = queries.seen[t] - base - i;
    return t < begin || left < 0 ? 0 : static_cast<int>(left < positions ? left : positions);
  }
  /// What all see is added for all together.
  template <int T>
  WEFT_INSIDE void tile(int t) {
    const int common = seen(t);
    if (common > 0) some<T>(t, 0, common);
    if (T == 1 || seen(t + T - 1) == common) return;
    for (int j = t; j < t + T; ++j)
      if (const int all = seen(j); all > common) some<1>(j, common, all);
  }
};

/// What a split adds to a query's softmax.
struct Share {
  float highest;  ///< score
  float total;    ///< sum of e^(score - highest)
};

/// A score so far below the highest weighs nothing: no sum of float32 would feel it, and products with subnormal numbers take a
/// hundred times as long.
inline constexpr float least_distance = -60.0f;

/// Scores of one query in one split become weights e^(score - highest); positions from n on become 0.
inline Share weigh_split(float* scores, std::int64_t n) noexcept {
  const std::int64_t whole = (n + 15) / 16 * 16;
  for (std::int64_t i = n; i < whole; ++i) scores[i] = -std::numeric_limits<float>::infinity();
  F top = load(scores);
  for (std::int64_t i = 16; i < whole; i += 16) top = max(top, load(scores + i));
  const float highest = highest_lane(top);
  const F reference = set(highest);
  F sum = set(0.0f);
  for (std::int64_t i = 0; i < whole; i += 16) {
    const F distance = sub(load(scores + i), reference);
    const F weight = select_less(distance, set(least_distance), set(0.0f), exp_of_distance(distance));
    store(scores + i, weight);
    sum = add(sum, weight);
  }
  return {highest, sum_of_lanes(sum)};
}

/// Factors that bring what came before a split, and the split itself, to their common highest score.
struct Merge {
  float keep, take;
};

/// Adds a later split's share to `sum`.
inline Merge merge_share(Share& sum, const Share& split) noexcept {
  const float now = split.highest > sum.highest ? split.highest : sum.highest;
  float factors[16] = {sum.highest - now, split.highest - now};
  store(factors, exp(load(factors)));
  sum = {now, std::fma(sum.total, factors[0], split.total * factors[1])};
  return {factors[0], factors[1]};
}

/// out[i] = keep * out[i] + take * values[i].
inline void merge_values(const Merge& merge, const float* values, std::int64_t n, float* out) noexcept {
  const F keep = set(merge.keep), take = set(merge.take);
  for (std::int64_t i = 0; i < n; i += 16) {
    const std::int64_t left = n - i;
    const F before = left >= 16 ? load(out + i) : load_some(out + i, left);
    const F more = left >= 16 ? load(values + i) : load_some(values + i, left);
    const F merged = fma(before, keep, mul(more, take));
    left >= 16 ? store(out + i, merged) : store_some(out + i, merged, left);
  }
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

/// scratch.sums[t] = the weighted values of one split: `dims` dimensions from d. Sums of several tiles stay in registers for some pages.
template <class V>
[[gnu::noinline]] inline void sum_split(const AttentionJob& job, const Queries& queries, int begin, std::int64_t base,
                                        std::int64_t positions, std::int64_t d, std::int64_t dims,
                                        Scratch& scratch) noexcept {
  for (int t = begin; t < queries.count; ++t)
    for (std::int64_t i = 0; i < dims; i += 16) store(scratch.sums[t] + i, set(0.0f));
  const auto offset = job.slot.v_offset + static_cast<std::size_t>(d * V::bytes);
  const int most = queries.count > 4 ? 4 : 1;
  for_each_page(queries, begin, base, positions, most, [&](std::int64_t p, int pages, const Readers& readers, int from, int end) {
    if (d == 0)
      for (int n = 0; n < pages; ++n) prefetch_page(job, queries, end - 1, p + n + (pages > 2 ? pages : 2), &KvSlot::v_offset);
    SumValues<V> step{queries.pages[end - 1] + p, offset, queries, job.slot.head_dim * V::bytes, dims, base, p * page_positions - base,
                      pages * page_positions, readers.begin, scratch};
    for_each_tile(from, readers.begin, end, step);
  });
}

/// Whether keys are laid out as float32 before: a conversion takes as long as two multiplications, and every tile would do it.
template <class V>
bool lays_out(const Readers& readers, int from, int end, std::int64_t dims) noexcept {
  return V::bytes < 4 && end - (from < readers.begin ? readers.begin : from) > 2 * tile_queries && dims <= widest_shared;
}

template <class V, int P>
[[gnu::noinline]] inline void score_pages(const AttentionJob& job, const Queries& queries, const Readers& readers, int from, int end,
                                          std::int64_t p, std::int64_t i, Scratch& scratch) noexcept {
  const std::int64_t head_dim = job.slot.head_dim;
  const float* const side_by_side = readers.together ? scratch.q : scratch.own;
  const std::byte* keys[P];
  F factors[P];
  for (int n = 0; n < P; ++n) {
    prefetch_page(job, queries, end - 1, p + n + pages_ahead, &KvSlot::k_offset);
    keys[n] = queries.pages[end - 1][p + n] + job.slot.k_offset;
    factors[n] = set(job.scale);
    if constexpr (V::bytes == 1) factors[n] = mul(factors[n], load_scales(keys[n], head_dim));
  }
  if (lays_out<V>(readers, from, end, head_dim)) {
    for (int n = 0; n < P; ++n) {
      float* const numbers = scratch.numbers + n * page_positions * head_dim;
      for (std::int64_t k = 0; k < page_positions * head_dim; k += 16) store(numbers + k, load_values<V, true>(keys[n] + k * V::bytes, 16));
      keys[n] = reinterpret_cast<const std::byte*>(numbers);
    }
    ScorePages<AsF32, P> step{keys, factors, queries, side_by_side, head_dim, i, scratch};
    return for_each_tile(from, readers.begin, end, step);
  }
  ScorePages<V, P> step{keys, factors, queries, side_by_side, head_dim, i, scratch};
  for_each_tile(from, readers.begin, end, step);
}

template <class V>
inline void score_split(const AttentionJob& job, const Queries& queries, int begin, std::int64_t base, std::int64_t positions,
                        Scratch& scratch) noexcept {
  for_each_page(queries, begin, base, positions, tile_pages, [&](std::int64_t p, int pages, const Readers& readers, int from, int end) {
    const std::int64_t i = p * page_positions - base;
    if (pages == 1) return score_pages<V, 1>(job, queries, readers, from, end, p, i, scratch);
    if constexpr (tile_pages > 1) score_pages<V, tile_pages>(job, queries, readers, from, end, p, i, scratch);
  });
}

/// Lays the queries [from, end) of each tile of eight side by side.
inline void interleave(const Queries& queries, int from, int end, std::int64_t head_dim, float* to) noexcept {
  for (int t = from, size; t < end; t += size) {
    size = tile_size(end - t);
    if (size < 8) continue;
    for (int j = 0; j < size; ++j)
      for (std::int64_t d = 0; d < head_dim; ++d) to[t * head_dim + d * size + j] = queries.q[t + j][d];
  }
}
inline void interleave(const Queries& queries, std::int64_t head_dim, Scratch& scratch) noexcept {
  interleave(queries, 0, queries.count, head_dim, scratch.q);
  if (!queries.several) return;
  for (int from = 0, end; from < queries.count; from = end) {
    end = sequence_end(queries, from);
    interleave(queries, from, end, head_dim, scratch.own);
  }
}

/// f(query, its share, first of the `dims` dimensions that scratch.sums holds, dims) for every query that sees the split.
template <class V, class Use>
inline void each_split(const AttentionJob& job, Queries& queries, int begin, std::int64_t base, Scratch& scratch,
                       Use&& use) noexcept {
  const std::int64_t longest = queries.seen[queries.count - 1];
  const std::int64_t positions = longest - base < attention_split ? longest - base : attention_split;
  score_split<V>(job, queries, begin, base, positions, scratch);
  Share shares[block_queries];
  for (int t = begin; t < queries.count; ++t) {
    const std::int64_t left = queries.seen[t] - base, n = left < attention_split ? left : attention_split;
    shares[t] = weigh_split(scratch.scores[t], n);
    if constexpr (V::bytes == 1)  // of a sum of weights times scales times integers, the first two are multiplied here
      for (std::int64_t i = 0; i < n; i += page_positions) {
        const std::byte* values = queries.pages[t][(base + i) / page_positions] + job.slot.v_offset;
        float* const weights = scratch.scores[t] + i;
        store(weights, mul(load(weights), load_scales(values, job.slot.head_dim)));
      }
  }
  for (std::int64_t d = 0; d < job.slot.head_dim; d += block_dims) {
    const std::int64_t dims = job.slot.head_dim - d < block_dims ? job.slot.head_dim - d : block_dims;
    sum_split<V>(job, queries, begin, base, positions, d, dims, scratch);
    for (int t = begin; t < queries.count; ++t) use(t, shares[t], d, dims);
  }
}

inline void finish(const Share& sum, std::int64_t head_dim, float* out) noexcept {
  const float share = 1.0f / sum.total;
  for (std::int64_t i = 0; i < head_dim; ++i) out[i] *= share;
}

template <class V>
inline void attend_block(const AttentionJob& job, Queries& queries, Scratch& scratch) noexcept {
  const std::int64_t longest = queries.seen[queries.count - 1];
  interleave(queries, job.slot.head_dim, scratch);
  Share sums[block_queries];
  Merge merges[block_queries];
  int begin = 0;  // queries from here on see this split
  for (std::int64_t base = 0; base < longest; base += attention_split) {
    while (queries.seen[begin] <= base) ++begin;
    each_split<V>(job, queries, begin, base, scratch, [&](int t, const Share& share, std::int64_t d, std::int64_t dims) {
      if (base == 0) {
        sums[t] = share;
        std::memcpy(queries.out[t] + d, scratch.sums[t], static_cast<std::size_t>(dims) * sizeof(float));
      } else {
        if (d == 0) merges[t] = merge_share(sums[t], share);
        merge_values(merges[t], scratch.sums[t], dims, queries.out[t] + d);
      }
    });
  }
  for (int t = 0; t < queries.count; ++t) finish(sums[t], job.slot.head_dim, queries.out[t]);
}

/// block(queries, index of the first) for the queries of a job, as many at a time as go together.
template <class Block>
inline void each_block(const AttentionJob& job, Block&& block) noexcept {
  Queries queries;
  queries.several = job.each != nullptr;
  const int together = queries_together(job.slot.head_dim);
  std::int64_t first = 0;
  for (std::int64_t r = 0; r < job.rows; ++r)
    for (std::int64_t g = 0; g < job.group; ++g) {
      queries.q[queries.count] = job.q + r * job.q_stride + g * job.slot.head_dim;
      queries.out[queries.count] = job.out ? job.out + r * job.out_stride + g * job.slot.head_dim : nullptr;  // null: only shares are wanted
      queries.seen[queries.count] = job.position_of(r) + 1;
      queries.pages[queries.count] = job.pages_of(r);
      if (++queries.count < together && (r + 1 < job.rows || g + 1 < job.group)) continue;
      block(queries, first);
      first += queries.count;
      queries.count = 0;
    }
}

/// f(V) for the way in which keys and values are stored.
template <class Use>
inline void with_stored(KvType type, Use&& use) noexcept {
  switch (type) {
    case KvType::f32: return use(AsF32{});
    case KvType::f16: return use(AsF16{});
    case KvType::q8: return use(AsI8{});
  }
}

inline void attend(const AttentionJob& job) noexcept {
  Scratch scratch;
  each_block(job, [&](Queries& queries, std::int64_t) {
    with_stored(job.slot.type, [&](auto stored) { attend_block<decltype(stored)>(job, queries, scratch); });
  });
}

inline void attend_split(const AttentionJob& job, std::int64_t split, float* partials) noexcept {
  Scratch scratch;
  const std::int64_t width = partial_floats(job.slot.head_dim);
  each_block(job, [&](Queries& queries, std::int64_t first) {
    interleave(queries, job.slot.head_dim, scratch);
    const auto use = [&](int t, const Share& share, std::int64_t d, std::int64_t dims) {
      float* const partial = partials + (first + t) * width;
      partial[0] = share.highest;
      partial[1] = share.total;
      std::memcpy(partial + 2 + d, scratch.sums[t], static_cast<std::size_t>(dims) * sizeof(float));
    };
    const std::int64_t base = split * attention_split;
    with_stored(job.slot.type, [&](auto stored) { each_split<decltype(stored)>(job, queries, 0, base, scratch, use); });
  });
}

inline void merge_splits(const float* partials, std::int64_t splits, std::int64_t stride, std::int64_t head_dim,
                         float* out) noexcept {
  Share sum{partials[0], partials[1]};
  std::memcpy(out, partials + 2, static_cast<std::size_t>(head_dim) * sizeof(float));
  for (std::int64_t s = 1; s < splits; ++s) {
    const float* const partial = partials + s * stride;
    const Merge merge = merge_share(sum, {partial[0], partial[1]});
    merge_values(merge, partial + 2, head_dim, out);
  }
  finish(sum, head_dim, out);
}
