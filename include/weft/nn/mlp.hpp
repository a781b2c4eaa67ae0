// The channel mixer of a transformer layer: residual += down(act(gate(x)) * up(x)), or down(act(up(x))) without a gate.
#pragma once

#include <algorithm>
#include <cstdint>

#include "weft/nn/linear.hpp"

namespace weft::nn {

template <class B>
void mlp_block(Team& team, const Program<B>& program, const LayerRef<B>& layer, const Pass& pass) {
  const auto x = prepare_normalised<B>(team, pass, layer.mlp_norm, program.width, layer.quantise_mlp);
  const auto hidden = layer.up.weight->rows();
  constexpr auto unit = quant_block / panel_rows;
  const auto [first_unit, last_unit] = slice_of((panels_of(hidden) + unit - 1) / unit, team);
  const auto end = std::min(last_unit * unit, panels_of(hidden));
  const bool quantises = quantises_columns(pass, layer.quantise_down, quant_block);
  // Both sides of the gate a piece at a time.
  const auto piece = std::max<std::int64_t>(1, panels_of_piece(2 * pass.rows) / unit) * unit;
  const auto stride = (piece + 1) * panel_rows;
  float *const up = piece_of(team, pass, hidden), *const gate = up + pass.rows * stride;
  for (auto p = first_unit * unit; p < end; p += piece) {
    const auto last = std::min(p + piece, end), from = p * panel_rows, count = std::min(last * panel_rows, hidden) - from;
    linear<B>(layer.up, p, last, x, pass.rows, up - from, stride);
    if (layer.gate.weight) linear<B>(layer.gate, p, last, x, pass.rows, gate - from, stride);
    for (std::int64_t r = 0; r < pass.rows; ++r) {
      float *const side = up + r * stride, *const out = quantises ? side : pass.scratch.mixed + r * hidden + from;
      if (layer.gate.weight)
        B::gate(layer.activation, gate + r * stride, side, count, out);
      else
        B::activate(layer.activation, side, count, out);
      if (quantises) quantise_columns<B>(pass, out, hidden, r, from, count);
    }
  }
  team.sync();
  const auto mixed = prepare_plain<B>(team, pass, pass.scratch.mixed, hidden, layer.quantise_down, quantises);
  add_linear<B>(team, pass, layer.down, mixed);
  team.sync();
}

}  // namespace weft::nn
