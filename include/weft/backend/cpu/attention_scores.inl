// The scores of attention: queries times keys, for a tile and one or two pages of 16 keys at a time. See attention.inl.
// Included inside a target region and the namespace of an instruction set.

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
