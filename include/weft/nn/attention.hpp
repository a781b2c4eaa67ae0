// Softmax attention over paged keys and values: residual += out(attention(q, K, V)), in three phases of the team.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>

#include "weft/nn/linear.hpp"

namespace weft::nn {

/// Rows of one sequence that one call of attend shares keys and values for; also the grain of work in a prefill.
inline constexpr std::int64_t attention_rows = 16;
/// Queries that attend takes over a page at a time; with fewer, rows of sequences that share pages go together.
inline constexpr std::int64_t attention_queries = 24;

namespace detail {

/// Rotates heads [head_begin, head_end) at every row of the batch, each by its position.
template <class B>
void rotate(const Pass& pass, const Program<B>& program, const AttentionRef& a, std::int64_t head_begin,
            std::int64_t head_end, float* values, std::int64_t stride) {
  if (a.rope < 0) return;
  const auto& rope = program.ropes[static_cast<std::size_t>(a.rope)];
  for (std::int64_t r = 0; r < pass.rows; ++r) {
    const float* cos_sin = pass.scratch.cos_sin + (a.rope * pass.scratch.rows + r) * pass.scratch.widest_rope;
    for (auto h = head_begin; h < head_end; ++h)
      B::rope(values + r * stride + h * a.head_dim, cos_sin, rope.dim, rope.style);
  }
}

/// Writes heads [begin, end) of k and v at every row of a segment into the pages of its sequence.
template <class B>
void store_heads(const Pass& pass, const AttentionRef& a, const Segment& segment, std::int64_t begin, std::int64_t end) {
  const auto stride = a.kv_heads * a.head_dim;
  for (std::int64_t i = 0; i < segment.rows; ++i) {
    const auto position = segment.first + i;
    std::byte* page = segment.pages[position / page_positions];
    for (auto h = begin; h < end; ++h) {
      const auto at = (segment.row + i) * stride + h * a.head_dim;
      B::store(pass.scratch.k + at, pass.scratch.v + at, page, kv_slot(a, segment.kv_type, h), position % page_positions);
    }
  }
}

/// Whether all new positions of a segment are read by one job of attend alone, which then writes them itself: the lines of a page
/// stay with one worker.
inline bool stores_itself(const Pass& pass, const Segment& segment) noexcept {
  return pass.splits == 1 && segment.rows <= attention_rows;
}

}  // namespace detail

/// Phase 1: queries, keys and values, rotated; keys and values into the pages. A unit of work is the smallest number of
/// heads that fills whole panels, so that a worker can rotate what it has just computed.
template <class B>
void project_qkv(Team& team, const Program<B>& program, const LayerRef<B>& layer, const Pass& pass, const Operand& x) {
  const auto& a = layer.attention;
  const auto rows_per_unit = std::lcm(a.head_dim, panel_rows);
  const auto heads_per_unit = rows_per_unit / a.head_dim;
  const auto panels_per_unit = rows_per_unit / panel_rows;
  const auto q_units = (a.heads + heads_per_unit - 1) / heads_per_unit;
  const auto kv_units = (a.kv_heads + heads_per_unit - 1) / heads_per_unit;
  const auto q_width = a.heads * a.head_dim, kv_width = a.kv_heads * a.head_dim;
  // A unit of keys and values costs two of queries.
  const auto [begin, end] = slice_of(q_units + 2 * kv_units, team);
  const auto q_begin = std::min(begin, q_units), q_end = std::min(end, q_units);
  linear<B>(layer.q, q_begin * panels_per_unit, std::min(q_end * panels_per_unit, panels_of(q_width)), x, pass.rows,
            pass.scratch.q, q_width);
  detail::rotate<B>(pass, program, a, q_begin * heads_per_unit, std::min(q_end * heads_per_unit, a.heads), pass.scratch.q,
                    q_width);
  const auto kv_begin = (std::max(begin, q_units) - q_units + 1) / 2, kv_end = (std::max(end, q_units) - q_units + 1) / 2;
  if (kv_begin >= kv_end) return;
  const auto panel_begin = kv_begin * panels_per_unit;
  const auto panel_end = std::min(kv_end * panels_per_unit, panels_of(kv_width));
  const auto head_begin = kv_begin * heads_per_unit, head_end = std::min(kv_end * heads_per_unit, a.kv_heads);
  linear<B>(layer.k, panel_begin, panel_end, x, pass.rows, pass.scratch.k, kv_width);
  linear<B>(layer.v, panel_begin, panel_end, x, pass.rows, pass.scratch.v, kv_width);
  detail::rotate<B>(pass, program, a, head_begin, head_end, pass.scratch.k, kv_width);
  for (const auto& segment : pass.segments)
    if (!detail::stores_itself(pass, segment)) detail::store_heads<B>(pass, a, segment, head_begin, head_end);
}

namespace detail {

/// The query heads of KV head h at rows [r, r + rows) of a segment.
template <class B>
AttentionJob attention_job(const AttentionRef& a, const Pass& pass, const Segment& segment, std::int64_t r, std::int64_t rows,
                           std::int64_t h) {
  const auto stride = a.heads * a.head_dim, group = a.heads / a.kv_heads;
  const auto at = (segment.row + r) * stride + h * group * a.head_dim;
  AttentionJob job;
  job.q = pass.scratch.q + at;
  job.out = pass.scratch.mixed + at;
  job.q_stride = job.out_stride = stride;
  job.pages = segment.pages;
  job.slot = kv_slot(a, segment.kv_type, h);
  job.first = segment.first + r;
  job.rows = static_cast<std::int32_t>(rows);
  job.group = static_cast<std::int32_t>(group);
  job.scale = a.scale;
  return job;
}

inline std::int64_t splits_of(std::int64_t positions) noexcept { return (positions + attention_split - 1) / attention_split; }

/// Where a head of a row keeps its first split; the next is a.heads * partial_floats(a.head_dim) further on.
inline float* partials_of(const AttentionRef& a, const Pass& pass, std::int64_t row, std::int64_t head) noexcept {
  return pass.scratch.partials + (row * pass.splits * a.heads + head) * partial_floats(a.head_dim);
}

/// How many segments from s on are single rows of sequences that begin with the same page, in order of position: branches of one prompt.
inline std::size_t branches_from(const Pass& pass, std::size_t s) noexcept {
  const auto& first = pass.segments[s];
  std::size_t end = s + 1;
  const auto joins = [&](const Segment& before, const Segment& next) {
    return next.rows == 1 && next.pages[0] == first.pages[0] && next.kv_type == first.kv_type && next.first >= before.first;
  };
  if (first.rows == 1)
    while (end < pass.segments.size() && joins(pass.segments[end - 1], pass.segments[end])) ++end;
  return end - s;
}

/// Into how many groups of rows to divide some branches: each at most as large as attend likes best, and no worker long idle in the end.
inline std::int64_t branch_groups(const AttentionRef& a, std::int64_t branches, std::int64_t workers) noexcept {
  const auto most = std::max<std::int64_t>(1, attention_queries * a.kv_heads / a.heads);
  auto groups = (branches + most - 1) / most;
  const auto idle = [&] { return (workers - groups * a.kv_heads % workers) % workers; };
  while (groups < branches && idle() * 8 > groups * a.kv_heads) ++groups;
  return groups;
}

}  // namespace detail

/// Phase 2: every (rows of a sequence, KV head) is one job; workers take them in turn, since later rows cost more. Rows of branches
/// share a job, so that the pages that they have in common are read once for all of them. quantises: each job does so with its columns.
template <class B>
void attend(Team& team, const LayerRef<B>& layer, const Pass& pass, bool quantises) {
  const auto& a = layer.attention;
  std::int64_t turn = 0;
  struct Work {
    AttentionJob job;
    std::span<const Segment> segments;  ///< of which the job stores the new keys and values
    std::int64_t head = 0;
  } work;  // done when the next is known
  const auto finish = [&] {
    const auto& job = work.job;
    if (job.rows == 0) return;
    for (const auto& segment : work.segments) detail::store_heads<B>(pass, a, segment, work.head, work.head + 1);
    B::attend(job);
    if (!quantises) return;
    const auto width = a.heads * a.head_dim, at = job.out - pass.scratch.mixed, row = at / width;
    const auto first = at % width, count = width / a.kv_heads;
    for (auto r = row; r < row + job.rows; ++r) quantise_columns<B>(pass, pass.scratch.mixed + r * width + first, width, r, first, count);
  };
  // Rows [r, r + rows) of the first segment, or of each segment its row.
  const auto run = [&](std::span<const Segment> segments, std::int64_t r, std::int64_t rows) {
    for (std::int64_t h = 0; h < a.kv_heads; ++h) {
      if (turn++ % team.size() != team.worker()) continue;
      Work next{detail::attention_job<B>(a, pass, segments[0], r, rows, h), segments, h};
      if (segments.size() > 1) next.job.each = pass.places.data() + segments[0].row;
      if (!detail::stores_itself(pass, segments[0])) next.segments = {};
      work.job.next = &next.job;
      finish();
      work = next;
    }
  };
  for (std::size_t s = 0; s < pass.segments.size();) {
    const auto& segment = pass.segments[s];
    const auto branches = static_cast<std::int64_t>(detail::branches_from(pass, s));
    const auto together = pass.segments.subspan(s, static_cast<std::size_t>(branches));
    s += together.size();
    if (branches == 1) {
      for (std::int64_t r = 0; r < segment.rows; r += attention_rows) run(together, r, std::min(attention_rows, segment.rows - r));
      continue;
    }
    const auto groups = detail::branch_groups(a, branches, team.size());
    for (std::int64_t j = 0; j < groups; ++j) {
      const auto begin = branches * j / groups, end = branches * (j + 1) / groups;
      run(together.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)), 0, end - begin);
    }
  }
  work.job.next = nullptr;
  finish();
}

/// The same for few rows with long contexts: (row, KV head, split) is one job.
template <class B>
void attend_splits(Team& team, const LayerRef<B>& layer, const Pass& pass) {
  const auto& a = layer.attention;
  const auto group = a.heads / a.kv_heads;
  std::int64_t turn = 0;
  for (const auto& segment : pass.segments)
    for (std::int64_t r = 0; r < segment.rows; ++r)
      for (std::int64_t h = 0; h < a.kv_heads; ++h)
        for (std::int64_t s = 0; s < detail::splits_of(segment.first + r + 1); ++s)
          if (turn++ % team.size() == team.worker())
            B::attend_split(detail::attention_job<B>(a, pass, segment, r, 1, h), s,
                            detail::partials_of(a, pass, segment.row + r, h * group) + s * a.heads * partial_floats(a.head_dim));
}

/// Merges the splits of every row, and makes them this worker's operand for the next product.
template <class B>
Operand prepare_merged(Team& team, const LayerRef<B>& layer, const Pass& pass) {
  const auto& a = layer.attention;
  const auto width = a.heads * a.head_dim;
  for (const auto& segment : pass.segments)
    for (std::int64_t r = segment.row; r < segment.row + segment.rows; ++r) {
      float* out = prepared_row(pass, slot_of(team, pass), r, width);
      const auto splits = detail::splits_of(segment.first + r - segment.row + 1);
      for (std::int64_t h = 0; h < a.heads; ++h)
        B::merge_splits(detail::partials_of(a, pass, r, h), splits, a.heads * partial_floats(a.head_dim), a.head_dim, out + h * a.head_dim);
      if (layer.quantise_out) quantise_row<B>(pass, out, width, slot_of(team, pass), r);
    }
  return prepared<B>(team, pass, width);
}

/// Attention of all rows over their pages, as the operand of the output projection.
template <class B>
Operand mix(Team& team, const LayerRef<B>& layer, const Pass& pass) {
  if constexpr (SplitsAttention<B>) {
    if (pass.splits > 1) {
      attend_splits<B>(team, layer, pass);
      team.sync();
      return prepare_merged<B>(team, layer, pass);
    }
  }
  const auto& a = layer.attention;
  const bool quantises = quantises_columns(pass, layer.quantise_out, a.heads / a.kv_heads * a.head_dim);
  attend<B>(team, layer, pass, quantises);
  team.sync();
  return prepare_plain<B>(team, pass, pass.scratch.mixed, a.heads * a.head_dim, layer.quantise_out, quantises);
}

template <class B>
void attention_block(Team& team, const Program<B>& program, const LayerRef<B>& layer, const Pass& pass) {
  const auto x = prepare_normalised<B>(team, pass, layer.attention_norm, program.width, layer.quantise_qkv);
  project_qkv<B>(team, program, layer, pass, x);
  team.sync();
  const auto mixed = mix<B>(team, layer, pass);
  add_linear<B>(team, pass, layer.out, mixed);
  team.sync();
}

}  // namespace weft::nn
