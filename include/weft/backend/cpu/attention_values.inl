// The sums of attention: values times weights, for a tile and a few pages at a time. See attention.inl.
// Included inside a target region and the namespace of an instruction set.

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
