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
  const auto units = slice_of((panels_of(hidden) + unit - 1) / unit, team);
  const Slice panels{units.begin * unit, std::min(units.end * unit, panels_of(hidden))};
  const bool quantises = quantises_columns(pass, layer.quantise_down, quant_block);
  // Both sides of the gate a piece at a time.
  for_each_columns(team, pass, panels, hidden, 2 * pass.rows, [&](const Columns& columns) {
    float *const up = columns.out, *const gate = up + pass.rows * columns.stride;
    linear<B>(layer.up, columns, x, pass.rows, up);
    if (layer.gate.weight) linear<B>(layer.gate, columns, x, pass.rows, gate);
    for (std::int64_t r = 0; r < pass.rows; ++r) {
      float *const side = up + r * columns.stride, *const out = quantises ? side : pass.scratch.mixed + r * hidden + columns.first;
      if (layer.gate.weight)
        B::gate(layer.activation, gate + r * columns.stride, side, columns.count, out);
      else
        B::activate(layer.activation, side, columns.count, out);
      if (quantises) quantise_columns<B>(pass, out, hidden, r, columns.first, columns.count);
    }
  });
  team.sync();
  const auto mixed = prepare_plain<B>(team, pass, pass.scratch.mixed, hidden, layer.quantise_down, quantises);
  add_linear<B>(team, pass, layer.down, mixed);
  team.sync();
}

}  // namespace weft::nn
