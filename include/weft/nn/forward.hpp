// The forward pass: one function that every worker of a team runs over the whole model.
#pragma once

#include <algorithm>
#include <cstdint>

#include "weft/nn/attention.hpp"
#include "weft/nn/mlp.hpp"
#include "weft/nn/rope_table.hpp"

namespace weft::nn {

/// Rows of the batch: embedding (plus learned position) into the residual stream, and the rotations of its position.
template <class B>
void embed(Team& team, const Program<B>& program, const Pass& pass) {
  const auto [begin, end] = slice_of(pass.rows, team);
  for (auto r = begin; r < end; ++r) {
    const auto i = static_cast<std::size_t>(r);
    float* residual = pass.scratch.residual + r * program.width;
    B::gather(*program.embedding, pass.tokens[i], residual);
    if (program.positions) {
      float* position = prepared_row(pass, 0, r, program.width);
      B::gather(*program.positions, pass.positions[i], position);
      B::add(position, program.width, residual);
    }
    for (std::size_t rope = 0; rope < program.ropes.size(); ++rope) {
      const auto row = static_cast<std::int64_t>(rope) * pass.scratch.rows + r;
      fill_cos_sin(program.ropes[rope], pass.positions[i], pass.scratch.cos_sin + row * pass.scratch.widest_rope);
    }
  }
}

/// Copies out the hidden states asked for after `layer` layers; the last ones go through the final norm, as in the
/// hidden_states of Hugging Face.
template <class B>
void tap(Team& team, const Program<B>& program, const Pass& pass, std::int64_t layer) {
  if (pass.taps.empty() || team.worker() != 0) return;
  for (const auto& t : pass.taps) {
    if (t.layer != layer) continue;
    const float* row = pass.scratch.residual + t.row * program.width;
    if (layer == static_cast<std::int64_t>(program.layers.size()))
      normalise<B>(program.final_norm, row, program.width, t.out);
    else
      std::copy_n(row, program.width, t.out);
  }
}

/// The head, for the rows whose logits are wanted: write_row(j, out) gives the row that belongs to logit_rows[j].
template <class B, class WriteRow>
void project(Team& team, const Program<B>& program, const Pass& pass, WriteRow&& write_row) {
  const auto count = static_cast<std::int64_t>(pass.logit_rows.size());
  if (count == 0) return;
  prepare_rows(team, pass, count, [&](std::int64_t j, std::int64_t slot) {
    float* out = prepared_row(pass, slot, j, program.width);
    write_row(j, out);
    if (program.quantise_head) quantise_row<B>(pass, out, program.width, slot, j);
  });
  const auto x = prepared<B>(team, pass, program.width);
  const auto panels = slice_of(panels_of(program.vocab), team);
  if (count == 1) return linear<B>(program.head, panels.begin, panels.end, x, 1, pass.logit_rows[0].out, program.vocab);
  // A piece at a time, copied while it is in the cache.
  for_each_columns(team, pass, panels, program.vocab, count, [&](const Columns& columns) {
    linear<B>(program.head, columns, x, count, columns.out);
    for (std::int64_t j = 0; j < count; ++j)
      std::copy_n(columns.out + j * columns.stride, columns.count, pass.logit_rows[static_cast<std::size_t>(j)].out + columns.first);
  });
}

/// Final norm and head.
template <class B>
void head(Team& team, const Program<B>& program, const Pass& pass) {
  project<B>(team, program, pass, [&](std::int64_t j, float* out) {
    const auto row = pass.logit_rows[static_cast<std::size_t>(j)].row;
    normalise<B>(program.final_norm, pass.scratch.residual + row * program.width, program.width, out);
  });
}

/// The head alone, of rows that are given: hidden [logit rows, width].
template <class B>
void head_of(Team& team, const Program<B>& program, const Pass& pass, const float* hidden) {
  project<B>(team, program, pass,
             [&](std::int64_t j, float* out) { std::copy_n(hidden + j * program.width, program.width, out); });
}

/// One worker looks; the meetings of the block that follows publish what it saw, so all leave together after it.
inline void look_for_stop(const Team& team, Pass& pass) noexcept {
  if (team.worker() == 0 && pass.stop.stop_requested()) pass.cancelled.store(true, std::memory_order_relaxed);
}

/// Returns early, on every worker at the same meeting, once pass.stop has been requested; pass.cancelled tells.
template <class B>
void forward(Team& team, const Program<B>& program, Pass& pass) {
  embed<B>(team, program, pass);
  team.sync();
  std::int64_t done = 0;
  for (const auto& layer : program.layers) {
    tap<B>(team, program, pass, done++);
    look_for_stop(team, pass);
    attention_block<B>(team, program, layer, pass);
    if (pass.cancelled.load(std::memory_order_relaxed)) return;
    mlp_block<B>(team, program, layer, pass);
  }
  tap<B>(team, program, pass, done);
  head<B>(team, program, pass);
}

}  // namespace weft::nn
