// A weight packed for the CPU: panels of 16 rows in which lane = row, one layout for every instruction set.
//
// One vector register (or two, or four) holds the same columns of 16 rows, so a dot product needs no horizontal sum,
// and float sums run along the columns in one order whatever the width of the registers. b counts blocks of 32 columns
// and a "group" is 4 columns of 16 rows: 64 bytes, of which 32-bit lane r holds row r. Every block format keeps its own
// bits; BlockLayout says how they lie. Bytes of 16 rows, and columns that they serve:
//   q4_0, iq4_nl, mxfp4 576 per 64    q5_0 704 per 64    q8_0 1088 per 64    q4_1 320 per 32    q5_1 384 per 32
//   q2_k 1344, q3_k 1856, q4_k 2368, q5_k 2880, q6_k 3392, iq4_xs 2240 per 256
//   f16, bf16, f32   for every column 16 values
// Rows that do not exist are zeros; a panel's size is a multiple of 64 bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "weft/backend/concept.hpp"
#include "weft/quant/blocks.hpp"

namespace weft::cpu {

/// How a weight is stored: as its type in the file, rearranged.
enum class Packing : std::uint8_t {
  q4_0, q4_1, q5_0, q5_1, q8_0, iq4_nl, mxfp4, q2_k, q3_k, q4_k, q5_k, q6_k, iq4_xs, f16, bf16, f32
};

/// Whether matmul with this packing multiplies quantised activations.
constexpr bool quantises(Packing packing) noexcept { return packing < Packing::f16; }

/// Where the bits of a block format lie. Columns of a block are 8 groups of 4: 0-3 of its first half, 4-7 of its second.
///
/// A panel is a row of units: `unit_blocks()` times the integers of a block, the small scales of all of them if the format has
/// such (`scale_bytes` a block and row: i-th byte of 16 rows, then the next), and 64 bytes of 16-bit floats: 16 d and 16 min of
/// the unit, or 16 d of either block. The integers of a block go from low bits to high ones, as the binary digits of `width` say:
///   8 bits  8 groups of int8
///   4 bits  4 groups of nibbles, low: the first half, high: the second
///   2 bits  64 bytes a half, of which byte j of a lane holds column j of group g in bits 2 g and 2 g + 1
///   1 bit   64 bytes, of which byte j of a lane holds column j of group g in bit g
struct BlockLayout {
  int width;               ///< bits of an integer
  int bias = 0;            ///< what it is stored plus
  int halves = 1;          ///< scales of a block
  bool with_min = false;   ///< w = d * q + m
  int scale_bytes = 0;     ///< of a block and row; 0 without super-blocks
  bool looked_up = false;  ///< the integers stand for levels (UBSan does not let GCC compare the pointer in a constant)
  const std::array<std::int8_t, 16>* levels = nullptr;

  [[nodiscard]] constexpr bool super() const noexcept { return scale_bytes > 0; }
  [[nodiscard]] constexpr std::size_t block() const noexcept { return 64 * static_cast<std::size_t>(width); }
  [[nodiscard]] constexpr std::size_t unit_blocks() const noexcept { return super() ? 8 : with_min ? 1 : 2; }
  [[nodiscard]] constexpr std::size_t unit() const noexcept { return unit_blocks() * (block() + scale_stride()) + 64; }
  [[nodiscard]] constexpr std::size_t scale_stride() const noexcept { return 16 * static_cast<std::size_t>(scale_bytes); }
  // Of block b of a panel: where its integers, its small scales and its d are; minima follow d after 32 bytes.
  [[nodiscard]] constexpr std::size_t integers(std::size_t b) const noexcept {
    return b / unit_blocks() * unit() + b % unit_blocks() * block();
  }
  [[nodiscard]] constexpr std::size_t scales(std::size_t b) const noexcept {
    return b / unit_blocks() * unit() + unit_blocks() * block() + b % unit_blocks() * scale_stride();
  }
  [[nodiscard]] constexpr std::size_t d(std::size_t b) const noexcept {
    return b / unit_blocks() * unit() + unit() - 64 + (super() ? 0 : b % unit_blocks() * 32);
  }
};

/// width is 0 for numbers.
constexpr BlockLayout block_layout(Packing packing) noexcept {
  switch (packing) {
    case Packing::q4_0: return {.width = 4, .bias = 8};
    case Packing::q4_1: return {.width = 4, .with_min = true};
    case Packing::q5_0: return {.width = 5, .bias = 16};
    case Packing::q5_1: return {.width = 5, .with_min = true};
    case Packing::q8_0: return {.width = 8};
    case Packing::iq4_nl: return {.width = 4, .looked_up = true, .levels = &weft::detail::iq4_levels};
    case Packing::mxfp4: return {.width = 4, .looked_up = true, .levels = &weft::detail::e2m1_levels};  // d is bf16: f16 has no 2^-128
    case Packing::q2_k: return {.width = 2, .halves = 2, .with_min = true, .scale_bytes = 2};  // low: of d, high: of min
    case Packing::q3_k: return {.width = 3, .bias = 4, .halves = 2, .scale_bytes = 2};
    case Packing::q4_k: return {.width = 4, .with_min = true, .scale_bytes = 2};  // one of d, one of min
    case Packing::q5_k: return {.width = 5, .with_min = true, .scale_bytes = 2};
    case Packing::q6_k: return {.width = 6, .bias = 32, .halves = 2, .scale_bytes = 2};
    case Packing::iq4_xs: return {.width = 4, .scale_bytes = 1, .looked_up = true, .levels = &weft::detail::iq4_levels};
    default: return {.width = 0};
  }
}

/// Bytes of one panel of 16 rows of `cols` columns.
constexpr std::size_t panel_bytes(Packing packing, std::int64_t cols) noexcept {
  const auto n = static_cast<std::size_t>(cols);
  if (packing == Packing::f32) return n * 64;
  if (!quantises(packing)) return (n * 32 + 63) / 64 * 64;
  const BlockLayout layout = block_layout(packing);
  const std::size_t columns = layout.unit_blocks() * 32;
  return (n + columns - 1) / columns * layout.unit();
}

/// What the kernels see of a weight.
struct Panels {
  const std::byte* data = nullptr;
  std::size_t stride = 0;  ///< bytes from panel to panel
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  Packing packing{};
};

/// A packed matrix. Copies share the bytes, which never change.
class Weight {
 public:
  Weight() = default;
  Weight(std::shared_ptr<std::byte> bytes, Packing packing, std::int64_t rows, std::int64_t cols) noexcept
      : bytes_(std::move(bytes)), panels_{bytes_.get(), panel_bytes(packing, cols), rows, cols, packing} {}

  [[nodiscard]] std::int64_t rows() const noexcept { return panels_.rows; }
  [[nodiscard]] std::int64_t cols() const noexcept { return panels_.cols; }
  [[nodiscard]] std::int64_t panel_count() const noexcept { return (panels_.rows + panel_rows - 1) / panel_rows; }
  /// What one pass over the weight reads.
  [[nodiscard]] std::size_t bytes() const noexcept { return static_cast<std::size_t>(panel_count()) * panels_.stride; }
  [[nodiscard]] const Panels& panels() const noexcept { return panels_; }

 private:
  friend void fill(const RawMatrix& rows, Weight& weight, std::int64_t first_panel);
  std::shared_ptr<std::byte> bytes_;
  Panels panels_;
};

/// The packing of a type in a file. Error(unsupported), naming `raw`, for a type that the kernels cannot multiply by.
Packing packing_of(const RawMatrix& raw);
/// Memory for packed weights: 64-byte aligned, in huge pages where the system grants them.
std::shared_ptr<std::byte> allocate_panels(std::size_t bytes);

/// Where the weights of one model lie one behind the other, in the order in which they are placed: if that is the order in which
/// they are read, a pass is one stream (measured: 1.2 times the bandwidth of separate matrices). Not for several threads at once.
class Arena {
 public:
  /// Memory that lives as long as the result does.
  std::shared_ptr<std::byte> take(std::size_t bytes);

 private:
  static constexpr std::size_t chunk_bytes = std::size_t{32} << 20;
  std::shared_ptr<std::byte> chunk_;
  std::size_t used_ = 0;
  std::size_t size_ = 0;
};

/// Memory for a matrix, from the arena if there is one, not yet filled. Error(unsupported) for its type, Error(shape) when a row is
/// not a whole number of blocks.
Weight place(const RawMatrix& raw, Arena* arena = nullptr);
/// Packs rows of the matrix that `weight` was placed for: `rows` holds those from panel `first_panel` on, whole panels but for the matrix's
/// last one. Different panels may be filled by different threads.
void fill(const RawMatrix& rows, Weight& weight, std::int64_t first_panel = 0);
/// out[k] = w[row, k], dequantised as the file's format says (d * q + m, each step rounded).
void gather(const Panels& w, std::int64_t row, float* out) noexcept;

}  // namespace weft::cpu

#ifndef WEFT_COMPILED
#include "weft/backend/cpu/weight.ipp"
#endif
