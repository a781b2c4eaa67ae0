// Norms and matrix products of a pass: the pieces that every block shares.
#pragma once

#include <algorithm>
#include <cstdint>

#include "weft/nn/pass.hpp"
#include "weft/nn/program.hpp"

namespace weft::nn {

template <class B>
void normalise(const NormRef& norm, const float* x, std::int64_t n, float* out) {
  if (norm.kind == NormKind::rms)
    B::rms_norm(x, norm.weight, norm.eps, n, out);
  else
    B::layer_norm(x, norm.weight, norm.bias, norm.eps, n, out);
}

/// A row of `slot` in the scratch for matmul inputs of `cols` columns.
inline float* prepared_row(const Pass& pass, std::int64_t slot, std::int64_t row, std::int64_t cols) noexcept {
  return pass.scratch.prepared + slot * pass.scratch.rows * pass.scratch.widest + row * cols;
}
template <class B>
std::byte* prepared_blocks(const Pass& pass, std::int64_t slot, std::int64_t row, std::int64_t cols) noexcept {
  return pass.scratch.blocks + static_cast<std::size_t>(slot * pass.scratch.rows) * pass.scratch.widest_blocks +
         static_cast<std::size_t>(row * pass.planes) * B::quantised_bytes(cols);
}
template <class B>
Operand prepared(const Team& team, const Pass& pass, std::int64_t cols) noexcept {
  const auto slot = slot_of(team, pass);
  return with_room(team, pass, {prepared_row(pass, slot, 0, cols), prepared_blocks<B>(pass, slot, 0, cols), cols, pass.planes});
}
/// Quantises x, a row of `cols` values, for the next product.
template <class B>
void quantise_row(const Pass& pass, const float* x, std::int64_t cols, std::int64_t slot, std::int64_t row) {
  B::quantise(x, cols, pass.planes, prepared_blocks<B>(pass, slot, row, cols));
}

/// Every row of the batch through norm (and quantisation) into this worker's operand for the next product.
template <class B>
Operand prepare_normalised(Team& team, const Pass& pass, const NormRef& norm, std::int64_t width, bool quantise) {
  prepare_rows(team, pass, pass.rows, [&](std::int64_t r, std::int64_t slot) {
    float* out = prepared_row(pass, slot, r, width);
    normalise<B>(norm, pass.scratch.residual + r * width, width, out);
    if (quantise) quantise_row<B>(pass, out, width, slot, r);
  });
  return prepared<B>(team, pass, width);
}

/// Whether who computes `columns` columns of a row at a time also quantises them, which saves a meeting, and reading what others wrote.
inline bool quantises_columns(const Pass& pass, bool quantise, std::int64_t columns) noexcept {
  return quantise && !pass.redundant && pass.planes == 1 && columns % quant_block == 0;
}
/// Quantises x, columns [first, first + count) of row r of `cols` columns, for the next product, while others may still read what the last
/// one multiplies. first: whole blocks.
template <class B>
void quantise_columns(const Pass& pass, const float* x, std::int64_t cols, std::int64_t r, std::int64_t first, std::int64_t count) {
  B::quantise(x, count, 1, prepared_blocks<B>(pass, columns_slot, r, cols) + B::quantised_bytes(first));
}

/// The rows of `values` [rows, cols] as an operand; only quantised ones need work, unless they are `ready`.
template <class B>
Operand prepare_plain(Team& team, const Pass& pass, const float* values, std::int64_t cols, bool quantise, bool ready = false) {
  if (!quantise) return {values, nullptr, cols};
  if (!ready)
    prepare_rows(team, pass, pass.rows, [&](std::int64_t r, std::int64_t slot) { quantise_row<B>(pass, values + r * cols, cols, slot, r); });
  const auto slot = ready ? columns_slot : slot_of(team, pass);
  return with_room(team, pass, {values, prepared_blocks<B>(pass, slot, 0, cols), cols, pass.planes});
}

/// out[r, i] = W[i] . x[r] + bias[i] for weight rows i of panels [begin, end).
template <class B>
void linear(const LinearRef<B>& w, std::int64_t begin, std::int64_t end, const Operand& x, std::int64_t rows, float* out,
            std::int64_t stride) {
  if (begin >= end) return;
  B::matmul(*w.weight, begin, end, x, rows, out, stride);
  if (!w.bias) return;
  const auto first = begin * panel_rows;
  const auto count = std::min(end * panel_rows, w.weight->rows()) - first;
  for (std::int64_t r = 0; r < rows; ++r) B::add(w.bias + first, count, out + r * stride + first);
}

inline std::int64_t panels_of(std::int64_t rows) noexcept { return (rows + panel_rows - 1) / panel_rows; }

/// What a worker computes at a time of what goes no further as it is: products with weight rows [first, first + count), which are panels
/// [begin, end), in rows that lie `stride` apart from `out` on.
struct Columns {
  std::int64_t begin, end, first, count, stride;
  float* out;
};

/// step(Columns) for a slice of the panels of a matrix with `weight_rows` rows, as many at a time as fit a worker's piece_floats for `rows`
/// rows of products: whole blocks, but no more than 128 panels, so that few rows take little of the cache too. The stride is one panel
/// more: rows a power of two apart would share the sets of a cache.
template <class Step>
void for_each_columns(const Team& team, const Pass& pass, Slice panels, std::int64_t weight_rows, std::int64_t rows, Step&& step) {
  constexpr std::int64_t block = quant_block / panel_rows, most = 128;
  const auto fit = piece_floats / (rows * panel_rows) - 1, piece = std::min(most, fit / block * block);
  // Products count weight rows from the first one: where that would be lies in the same buffer.
  float* const out = pass.scratch.pieces + weight_rows + team.worker() * piece_floats;
  for (auto p = panels.begin; p < panels.end; p += piece) {
    const auto end = std::min(p + piece, panels.end), first = p * panel_rows;
    step(Columns{p, end, first, std::min(end * panel_rows, weight_rows) - first, (piece + 1) * panel_rows, out});
  }
}

/// out[r, i] = W[columns.first + i] . x[r] + bias, rows apart as those of columns.out.
template <class B>
void linear(const LinearRef<B>& w, const Columns& columns, const Operand& x, std::int64_t rows, float* out) {
  linear<B>(w, columns.begin, columns.end, x, rows, out - columns.first, columns.stride);
}

/// residual[r] += W x[r] + bias: each worker its own panels.
template <class B>
void add_linear(Team& team, const Pass& pass, const LinearRef<B>& w, const Operand& x) {
  const auto width = w.weight->rows();
  for_each_columns(team, pass, slice_of(panels_of(width), team), width, pass.rows, [&](const Columns& columns) {
    linear<B>(w, columns, x, pass.rows, columns.out);
    for (std::int64_t r = 0; r < pass.rows; ++r)
      B::add(columns.out + r * columns.stride, columns.count, pass.scratch.residual + r * width + columns.first);
  });
}

}  // namespace weft::nn
