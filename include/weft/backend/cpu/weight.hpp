// A weight packed for the CPU: panels of 16 rows in which lane = row, one layout for every instruction set.
//
// One vector register (or two, or four) holds the same columns of 16 rows, so a dot product needs no horizontal sum,
// and float sums run along the columns in one order whatever the width of the registers. Inside a panel, b counts
// blocks of 32 columns and a "group" is 4 columns: 64 bytes, of which 32-bit lane r holds row r.
//   q4_0  pairs of blocks, 576 bytes: 2 x 4 groups of nibbles (low: columns 0-15, high: 16-31), 2 x 16 d (f16)
//   q4_1  blocks of 320 bytes: 4 groups of nibbles, 16 d (f16), 16 m (f16)
//   q8_0  pairs of blocks, 1088 bytes: 2 x 8 groups of int8, 2 x 16 d (f16)
//   q4_k, q5_k, q6_k  super-blocks of 256 columns, 2368, 2880 and 3392 bytes (see SuperLayout)
//   i8*   blocks: 8 groups of int8, 16 d (f32) per 32 or per 16 columns, as many m (f32) if the format has minima
//   f16, bf16, f32   for every column 16 values
// Rows that do not exist are zeros; a panel's size is a multiple of 64 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "weft/backend/concept.hpp"

namespace weft::cpu {

/// How a weight is stored; the i8 packings hold what has no layout of its own: w = d * q + m.
enum class Packing : std::uint8_t { q4_0, q4_1, q8_0, q4_k, q5_k, q6_k, i8, i8_min, i8_half, i8_half_min, f16, bf16, f32 };

/// Whether matmul with this packing multiplies quantised activations.
constexpr bool quantises(Packing packing) noexcept { return packing < Packing::f16; }

/// Super-blocks of 256 columns whose integers have 4 bits and `planes` more: 8 blocks of 4 groups of nibbles and `planes` of 64
/// bytes, then for each block 16 bytes of scales and 16 of minima (Q4_K, Q5_K) or of scales for its second half (Q6_K), then
/// 16 d (f16) and 16 min (f16, or unused). Byte j of lane r of a plane belongs to columns j, j + 4, ... of row r: one plane has a
/// bit for each of the 8 groups of 4 columns; two have two bits for each of 4, the first for columns 0-15, the other for 16-31.
struct SuperLayout {
  std::size_t planes;
  [[nodiscard]] constexpr std::size_t block() const noexcept { return 256 + 64 * planes; }
  [[nodiscard]] constexpr std::size_t scales() const noexcept { return 8 * block(); }
  [[nodiscard]] constexpr std::size_t d() const noexcept { return scales() + 8 * 32; }
  [[nodiscard]] constexpr std::size_t bytes() const noexcept { return d() + 64; }
};
constexpr bool is_super(Packing packing) noexcept { return packing >= Packing::q4_k && packing <= Packing::q6_k; }
constexpr SuperLayout super_layout(Packing packing) noexcept {
  return {static_cast<std::size_t>(packing) - static_cast<std::size_t>(Packing::q4_k)};
}

/// Bytes of one panel of 16 rows of `cols` columns.
constexpr std::size_t panel_bytes(Packing packing, std::int64_t cols) noexcept {
  const auto n = static_cast<std::size_t>(cols);
  const std::size_t blocks = (n + 31) / 32, pairs = (blocks + 1) / 2;
  switch (packing) {
    case Packing::q4_0:
      return pairs * 576;
    case Packing::q4_1:
      return blocks * 320;
    case Packing::q8_0:
      return pairs * 1088;
    case Packing::q4_k:
    case Packing::q5_k:
    case Packing::q6_k:
      return (n + 255) / 256 * super_layout(packing).bytes();
    case Packing::i8:
      return blocks * 576;
    case Packing::i8_min:
      return blocks * 640;
    case Packing::i8_half:
      return blocks * 640;
    case Packing::i8_half_min:
      return blocks * 768;
    case Packing::f16:
    case Packing::bf16:
      return (n * 32 + 63) / 64 * 64;
    case Packing::f32:
      break;
  }
  return n * 64;
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
  friend void fill(const RawMatrix& raw, Weight& weight);
  std::shared_ptr<std::byte> bytes_;
  Panels panels_;
};

/// The packing of a type in a file. Error(unsupported), naming `raw`, for a type that the kernels cannot multiply by.
Packing packing_of(const RawMatrix& raw);
/// Packs panels [begin, end) of `raw`; `out` is where panel 0 goes. Disjoint ranges may be packed by different threads.
void pack_panels(const RawMatrix& raw, Packing packing, std::int64_t begin, std::int64_t end, std::byte* out);
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
/// Packs the matrix that `weight` was placed for. Different weights may be filled by different threads.
void fill(const RawMatrix& raw, Weight& weight);
/// out[k] = w[row, k], dequantised as the file's format says (d * q + m, each step rounded).
void gather(const Panels& w, std::int64_t row, float* out) noexcept;

}  // namespace weft::cpu

#ifndef WEFT_COMPILED
#include "weft/backend/cpu/weight.ipp"
#endif
