// Attention over pages of keys and values: softmax(scale q K^T) V per split of 256 positions, merged in order of position.
//
// A query is one head of one row; up to `block_queries` of them go over the pages together, so that a page is read and
// converted once for all. Each query's own arithmetic never depends on its neighbours: scores in four fixed sums of the
// dimensions (dot_columns), the softmax in a fixed order of lanes, values in order of position, positions past the query's
// own never added. Included inside a target region and the namespace of an instruction set.

inline constexpr int block_queries = 16;
inline constexpr int block_dims = 128;  ///< dimensions of V that are summed at a time

struct Queries {
  int count = 0;
  const float* q[block_queries];
  float* out[block_queries];
  std::int64_t seen[block_queries];  ///< positions that the query attends to: ascending
  float highest[block_queries];      ///< so far: the highest score, and the sum of e^(score - highest)
  float total[block_queries];
  float keep[block_queries];         ///< factors by which this split and what came before it are merged
  float take[block_queries];
};

/// scores[t][0, 16) of one page for T queries.
template <class V, int T>
WEFT_FORCE void score_page(const std::byte* keys, std::int64_t head_dim, const float* const* q, F scale, float* const* scores) {
  const float* inputs[T];
  for (int t = 0; t < T; ++t) inputs[t] = q[t];
  F sums[T];
  dot_columns<V, T>(keys, head_dim, inputs, sums);
  WEFT_UNROLL for (int t = 0; t < T; ++t) store(scores[t], mul(sums[t], scale));
}

/// 16 values of a row of V, of which `left` exist.
template <class V>
WEFT_FORCE F load_values(const std::byte* p, std::int64_t left) {
  F r;
  alignas(64) std::byte padded[16 * V::bytes] = {};
  if (left < 16) {
    std::memcpy(padded, p, static_cast<std::size_t>(left) * V::bytes);
    p = padded;
  }
  WEFT_UNROLL for (int i = 0; i < Part::count; ++i) r.p[i] = V::load(p + i * Part::lanes * V::bytes);
  return r;
}

/// sums[t][d] += weights[t][i] * V[i][d] for positions i in [0, positions) of one page and dims d in [0, dims).
template <class V, int T>
WEFT_FORCE void add_values(const std::byte* values, std::int64_t row_bytes, std::int64_t dims, int positions, const float* const* weights,
                           float* const* sums) {
  for (std::int64_t d = 0; d < dims; d += 16) {
    F acc[T];
    WEFT_UNROLL for (int t = 0; t < T; ++t) acc[t] = load(sums[t] + d);
    for (int i = 0; i < positions; ++i) {
      const F v = load_values<V>(values + i * row_bytes + d * V::bytes, dims - d);
      WEFT_UNROLL for (int t = 0; t < T; ++t) acc[t] = fma(set(weights[t][i]), v, acc[t]);
    }
    WEFT_UNROLL for (int t = 0; t < T; ++t) store(sums[t] + d, acc[t]);
  }
}

template <class V>
[[gnu::noinline]] inline void score_split(const AttentionJob& job, const Queries& queries, int begin, std::int64_t base, std::int64_t positions,
                                          float (*scores)[attention_split]) noexcept {
  const F scale = set(job.scale);
  for (std::int64_t i = 0; i < positions; i += page_positions) {
    const std::byte* keys = job.pages[(base + i) / page_positions] + job.slot.k_offset;
    float* to[block_queries];
    for (int t = 0; t < queries.count; ++t) to[t] = scores[t] + i;
    int t = begin;
    if constexpr (Part::max_tile >= 4) {
      for (; t + 4 <= queries.count; t += 4) score_page<V, 4>(keys, job.slot.head_dim, queries.q + t, scale, to + t);
      for (; t + 3 <= queries.count; t += 3) score_page<V, 3>(keys, job.slot.head_dim, queries.q + t, scale, to + t);
      for (; t + 2 <= queries.count; t += 2) score_page<V, 2>(keys, job.slot.head_dim, queries.q + t, scale, to + t);
    }
    for (; t < queries.count; ++t) score_page<V, 1>(keys, job.slot.head_dim, queries.q + t, scale, to + t);
  }
}

/// Scores of one query in one split become weights e^(score - highest); positions from `seen` on become 0.
inline void weigh_split(Queries& queries, int t, std::int64_t base, float* scores) noexcept {
  std::int64_t n = queries.seen[t] - base;
  if (n > attention_split) n = attention_split;
  const std::int64_t whole = (n + 15) / 16 * 16;
  for (std::int64_t i = n; i < whole; ++i) scores[i] = -std::numeric_limits<float>::infinity();
  F top = load(scores);
  for (std::int64_t i = 16; i < whole; i += 16) top = max(top, load(scores + i));
  const float split_highest = highest_lane(top);
  const F reference = set(split_highest);
  F sum = set(0.0f);
  for (std::int64_t i = 0; i < whole; i += 16) {
    const F weight = exp(sub(load(scores + i), reference));
    store(scores + i, weight);
    sum = add(sum, weight);
  }
  const float split_total = sum_of_lanes(sum);
  if (base == 0) {
    queries.highest[t] = split_highest;
    queries.total[t] = split_total;
    return;
  }
  const float before = queries.highest[t], now = split_highest > before ? split_highest : before;
  float factors[16] = {before - now, split_highest - now};
  store(factors, exp(load(factors)));
  queries.keep[t] = factors[0];
  queries.take[t] = factors[1];
  queries.highest[t] = now;
  queries.total[t] = queries.total[t] * factors[0] + split_total * factors[1];
}

/// The weighted values of one split, dims [d, d + dims), for queries [begin, count).
template <class V>
[[gnu::noinline]] inline void sum_split(const AttentionJob& job, const Queries& queries, int begin, std::int64_t base, std::int64_t positions,
                                        std::int64_t d, std::int64_t dims, float (*scores)[attention_split], float (*sums)[block_dims]) noexcept {
  const std::int64_t row_bytes = job.slot.head_dim * V::bytes;
  float* to[block_queries];
  for (int t = 0; t < queries.count; ++t) to[t] = sums[t];
  for (std::int64_t i = 0; i < positions; i += page_positions) {
    const std::byte* values = job.pages[(base + i) / page_positions] + job.slot.v_offset + d * V::bytes;
    const float* from[block_queries];
    for (int t = 0; t < queries.count; ++t) from[t] = scores[t] + i;
    int t = begin;
    while (t < queries.count && queries.seen[t] < base + i + page_positions) {  // those that see a part of the page, or nothing
      const std::int64_t seen = queries.seen[t] - base - i;
      if (seen > 0) add_values<V, 1>(values, row_bytes, dims, static_cast<int>(seen), from + t, to + t);
      ++t;
    }
    if constexpr (Part::max_tile >= 4) {
      for (; t + 4 <= queries.count; t += 4) add_values<V, 4>(values, row_bytes, dims, 16, from + t, to + t);
      for (; t + 3 <= queries.count; t += 3) add_values<V, 3>(values, row_bytes, dims, 16, from + t, to + t);
      for (; t + 2 <= queries.count; t += 2) add_values<V, 2>(values, row_bytes, dims, 16, from + t, to + t);
    }
    for (; t < queries.count; ++t) add_values<V, 1>(values, row_bytes, dims, 16, from + t, to + t);
  }
}

template <class V>
inline void attend_block(const AttentionJob& job, Queries& queries) noexcept {
  const std::int64_t longest = queries.seen[queries.count - 1];
  float scores[block_queries][attention_split];
  float sums[block_queries][block_dims];
  for (std::int64_t base = 0; base < longest; base += attention_split) {
    const std::int64_t positions = longest - base < attention_split ? longest - base : attention_split;
    int begin = 0;
    while (queries.seen[begin] <= base) ++begin;
    score_split<V>(job, queries, begin, base, positions, scores);
    for (int t = begin; t < queries.count; ++t) weigh_split(queries, t, base, scores[t]);
    for (std::int64_t d = 0; d < job.slot.head_dim; d += block_dims) {
      const std::int64_t dims = job.slot.head_dim - d < block_dims ? job.slot.head_dim - d : block_dims;
      for (int t = begin; t < queries.count; ++t)
        for (std::int64_t i = 0; i < dims; i += 16) store(sums[t] + i, set(0.0f));
      sum_split<V>(job, queries, begin, base, positions, d, dims, scores, sums);
      for (int t = begin; t < queries.count; ++t) {
        float* out = queries.out[t] + d;
        for (std::int64_t i = 0; i < dims; ++i)
          out[i] = base == 0 ? sums[t][i] : out[i] * queries.keep[t] + sums[t][i] * queries.take[t];
      }
    }
  }
  for (int t = 0; t < queries.count; ++t) {
    const float share = 1.0f / queries.total[t];
    for (std::int64_t i = 0; i < job.slot.head_dim; ++i) queries.out[t][i] *= share;
  }
}

inline void attend(const AttentionJob& job) noexcept {
  Queries queries;
  for (std::int64_t r = 0; r < job.rows; ++r)
    for (std::int64_t g = 0; g < job.group; ++g) {
      queries.q[queries.count] = job.q + r * job.q_stride + g * job.slot.head_dim;
      queries.out[queries.count] = job.out + r * job.out_stride + g * job.slot.head_dim;
      queries.seen[queries.count] = job.first + r + 1;
      if (++queries.count < block_queries && (r + 1 < job.rows || g + 1 < job.group)) continue;
      job.slot.type == KvType::f16 ? attend_block<AsF16>(job, queries) : attend_block<AsF32>(job, queries);
      queries.count = 0;
    }
}
