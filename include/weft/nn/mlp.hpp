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
  const auto [begin, end] = slice_of(panels_of(hidden), team);
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
    }
  }
  team.sync();
  const auto mixed = prepare_plain<B>(team, pass, pass.scratch.mixed, hidden, layer.quantise_down);
  add_linear<B>(team, pass, layer.down, mixed, pass.scratch.q);
  team.sync();
}

}  // namespace weft::nn
