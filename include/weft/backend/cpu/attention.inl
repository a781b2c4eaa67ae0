// Attention over pages of keys and values: softmax(scale q K^T) V per split of 256 positions, merged in order of
// position.
//
// A query is one head of one row. A block of queries goes over the pages together, in tiles of a few that share what is read
// and converted; queries of several sequences do so on the pages that all of them share. Each query's own arithmetic never
// depends on its neighbours: scores are sums over even and odd dimensions (dot_columns), the softmax has a fixed order of lanes,
// values are added in order of position, and positions past the query's own are never added. Included inside a target region
// and the namespace of an instruction set.

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
