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
  const auto begin = first_unit * unit, end = std::min(last_unit * unit, panels_of(hidden));
  const bool quantises = quantises_columns(pass, layer.quantise_down, quant_block);
  if (begin < end) {
    const auto first = begin * panel_rows, count = std::min(end * panel_rows, hidden) - first;
    linear<B>(layer.up, begin, end, x, pass.rows, pass.scratch.v, hidden);
    if (layer.gate.weight) linear<B>(layer.gate, begin, end, x, pass.rows, pass.scratch.k, hidden);
    for (std::int64_t r = 0; r < pass.rows; ++r) {
      const auto at = r * hidden + first;
      if (layer.gate.weight)
        B::gate(layer.activation, pass.scratch.k + at, pass.scratch.v + at, count, pass.scratch.mixed + at);
      else
        B::activate(layer.activation, pass.scratch.v + at, count, pass.scratch.mixed + at);
      if (quantises) quantise_columns<B>(pass, pass.scratch.mixed, hidden, r, first, count);
    }
  }
  team.sync();
  const auto mixed = prepare_plain<B>(team, pass, pass.scratch.mixed, hidden, layer.quantise_down, quantises);
  add_linear<B>(team, pass, layer.down, mixed, pass.scratch.q);
  team.sync();
}

}  // namespace weft::nn
