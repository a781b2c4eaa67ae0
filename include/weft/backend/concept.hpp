// What a backend must do: pack a weight once, then primitives on slices that a team of workers calls between meetings.
//
// Every primitive is a static member function on plain pointers, without allocation or exceptions, so that the blocks in
// nn/ can run it from any worker (and, one day, from device code). A slice depends on the shape alone, never on the number
// of workers, and every sum has one order: the results are the same bits however the work is divided.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "weft/core/dtype.hpp"

namespace weft {

/// Rows of a weight are worked on in panels of this many; the last panel of a matrix may be ragged.
inline constexpr std::int64_t panel_rows = 16;
/// Positions that one page of the KV cache stores, and the unit in which pages are shared, copied and freed.
inline constexpr std::int64_t page_positions = 16;
/// Attention over positions [0, n) is computed in splits of this many, merged in order of position.
inline constexpr std::int64_t attention_split = 256;
/// Values that share one scale when a backend quantises activations.
inline constexpr std::int64_t quant_block = 32;

/// A matrix of a checkpoint: [rows, cols], row-major, every row a whole number of blocks of `type`.
struct RawMatrix {
  DType type{};
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  const std::byte* data = nullptr;
  std::string_view name{};  ///< for messages

  [[nodiscard]] constexpr std::size_t row_bytes() const noexcept { return static_cast<std::size_t>(cols) / info(type).values * info(type).bytes; }
  [[nodiscard]] constexpr std::size_t bytes() const noexcept { return static_cast<std::size_t>(rows) * row_bytes(); }
  /// Rows [first, first + count).
  [[nodiscard]] constexpr RawMatrix part(std::int64_t first, std::int64_t count) const noexcept {
    return {type, count, cols, data + static_cast<std::size_t>(first) * row_bytes(), name};
  }
};

/// Rows of activations prepared for matmul. values: [rows, cols] float32, always there; blocks: the same rows quantised,
/// [rows, planes, Backend::quantised_bytes(cols)], there when a weight of the phase wants them (Backend::quantises). One plane has 8
/// bits a value; a second one holds what the first leaves, in 8 bits more.
struct Operand {
  const float* values = nullptr;
  const std::byte* blocks = nullptr;
  std::int64_t cols = 0;
  std::int32_t planes = 1;
  std::byte* room = nullptr;  ///< Backend::room_bytes() of the caller's own, aligned to 64, or null: slower, the same bits
  std::uint64_t id = 0;       ///< of these rows, which the room may keep for the next product with them; 0: keep nothing
};

/// The two ways in which files order the dimensions that rotate together.
enum class RopeStyle : std::uint8_t {
  interleaved,  ///< (0,1), (2,3) ...: llama in GGUF
  half          ///< (0, d/2), (1, d/2+1) ...: Hugging Face
};

enum class Activation : std::uint8_t { silu, gelu, gelu_tanh, relu };

enum class NormKind : std::uint8_t { rms, layer };

/// Precision of keys and values. q8: int8 q and a float32 scale d for each position of each head, x = d * q, d = max|x| / 127.
enum class KvType : std::uint8_t { f32, f16, q8 };
constexpr std::size_t bytes_per_value(KvType type) noexcept { return type == KvType::f32 ? 4 : type == KvType::f16 ? 2 : 1; }
/// The keys, or the values, of one KV head in one page, scales included.
constexpr std::size_t kv_block_bytes(KvType type, std::int64_t head_dim) noexcept {
  const auto values = static_cast<std::size_t>(page_positions * head_dim);
  return values * bytes_per_value(type) + (type == KvType::q8 ? sizeof(float) * static_cast<std::size_t>(page_positions) : 0);
}

/// Where one layer's and one KV head's keys and values lie inside a page: K at k_offset as [head_dim, 16] (a position is a
/// column, so that one vector holds the keys of 16 positions), V at v_offset as [16, head_dim]; of q8 the 16 scales follow.
/// Offsets in bytes.
struct KvSlot {
  KvType type{};
  std::int32_t head_dim = 0;
  std::size_t k_offset = 0;
  std::size_t v_offset = 0;
};

/// Where a row of a job stands that belongs to a sequence of its own.
struct AttentionRow {
  const std::byte* const* pages = nullptr;
  std::int64_t position = 0;
};

/// Attention of `rows` consecutive positions of one sequence, or of one position each of several sequences (`each`) that may share
/// pages, for the query heads that share one KV head.
///
/// Row r stands at position first + r and attends to positions [0, first + r]. Query head g of row r is at
/// q + r * q_stride + g * head_dim (head_dim floats); the result goes to the same place of out.
/// pages[p] is the base of the page that holds positions [16 p, 16 p + 16).
/// out = softmax(scale * q K^T) V, computed per split of attention_split positions and merged in order.
struct AttentionJob {
  const float* q = nullptr;
  float* out = nullptr;
  std::int64_t q_stride = 0;
  std::int64_t out_stride = 0;
  const std::byte* const* pages = nullptr;
  KvSlot slot;
  std::int64_t first = 0;
  std::int32_t rows = 0;
  std::int32_t group = 0;  ///< query heads per KV head
  float scale = 1.0f;
  const AttentionRow* each = nullptr;  ///< [rows], positions ascending: instead of pages and first
  const AttentionJob* next = nullptr;  ///< what the same worker does then: its pages may be asked for

  [[nodiscard]] constexpr const std::byte* const* pages_of(std::int64_t r) const noexcept { return each != nullptr ? each[r].pages : pages; }
  [[nodiscard]] constexpr std::int64_t position_of(std::int64_t r) const noexcept { return each != nullptr ? each[r].position : first + r; }
};

/// What attend_split leaves of one query and one split: its highest score, its sum of e^(score - highest), head_dim sums of values.
constexpr std::int64_t partial_floats(std::int64_t head_dim) noexcept { return head_dim + 2; }

// clang-format off
template <class B>
concept Backend = requires(const typename B::Weight& w, const RawMatrix& raw, Operand operand, AttentionJob job, KvSlot slot,
                           std::int64_t n, std::int32_t planes, const float* in, float* out, std::byte* bytes, float eps) {
  { B::name() } -> std::convertible_to<std::string_view>;
  // Packs a matrix into the layout the backend's kernels like best. Throws Error(unsupported) for a type it cannot compute with.
  { B::pack(raw) } -> std::same_as<typename B::Weight>;
  { w.rows() } -> std::convertible_to<std::int64_t>;
  { w.cols() } -> std::convertible_to<std::int64_t>;
  { w.bytes() } -> std::convertible_to<std::size_t>;      // what one pass reads
  // Whether matmul with this weight reads Operand::blocks; and the size of one plane of a quantised row, a multiple of 64. Of a row,
  // column n (a multiple of quant_block) begins at quantised_bytes(n): columns may be quantised apart, in whole blocks.
  { B::quantises(w) } -> std::same_as<bool>;
  { B::quantised_bytes(n) } -> std::same_as<std::size_t>;
  // blocks of one row of n values in `planes` (1 or 2) planes. Non-finite values give non-finite results, never undefined behaviour.
  { B::quantise(in, n, planes, bytes) };
  // What matmul of many rows likes to have beside its operand, to gather rows in; zeroed before its first use.
  { B::room_bytes() } -> std::same_as<std::size_t>;
  // out[r * stride + i] = sum_k w[i, k] * x[r, k] for rows r in [0, rows) and weight rows i of panels [begin, end): panels
  // count from the weight's first row. Only weight rows that exist are written.
  { B::matmul(w, n, n, operand, n, out, n) };               // (w, panel_begin, panel_end, x, rows, out, out_stride)
  // out[k] = w[row, k]: one row, dequantised.
  { B::gather(w, n, out) };
  // out[i] = x[i] / sqrt(mean(x^2) + eps) * weight[i]; layer_norm subtracts the mean first and adds bias (which may be null).
  { B::rms_norm(in, in, eps, n, out) };                     // (x, weight, eps, n, out)
  { B::layer_norm(in, in, in, eps, n, out) };               // (x, weight, bias, eps, n, out)
  // Rotates the first n dimensions of one head in place by cos_sin = [n / 2 cosines, n / 2 sines].
  { B::rope(out, in, n, RopeStyle::half) };                 // (head, cos_sin, n, style)
  // Writes the keys and the values of one position (index in [0, 16)) of one KV head into a page.
  { B::store(in, in, bytes, slot, n) };                     // (k, v, page, slot, index)
  { B::attend(job) };
  { B::gate(Activation::silu, in, in, n, out) };            // out[i] = act(gate[i]) * up[i]   (act, gate, up, n, out)
  { B::activate(Activation::silu, in, n, out) };            // out[i] = act(x[i])
  { B::add(in, n, out) };                                   // out[i] += x[i]
};

/// A backend whose weights can be placed first and filled later, in any order: a big matrix is packed part by part, and its load can be
/// cancelled in between.
template <class B>
concept FillsParts = requires(typename B::Weight& w, const RawMatrix& raw, typename B::Arena* arena, std::int64_t n) {
  // Memory for the matrix, one behind the other in the arena.
  { B::place(raw, arena) } -> std::same_as<typename B::Weight>;
  // Packs some rows of the matrix that w was placed for: raw holds those from panel n on. Whole panels, but for the matrix's last one.
  { B::fill(raw, w, n) };                                   // (rows, weight, first_panel)
};

/// A backend that can also attend split by split, so that the long context of a single row divides among workers. The bits are
/// those of attend.
template <class B>
concept SplitsAttention = requires(AttentionJob job, std::int64_t n, const float* in, float* out) {
  // partials [job.rows * job.group, partial_floats]: positions [split * attention_split, ...) of each query, all of which see some.
  { B::attend_split(job, n, out) };                         // (job, split, partials)
  // out [head_dim] = the splits of one query merged, in order; partials of split s at partials + s * stride.
  { B::merge_splits(in, n, n, n, out) };                    // (partials, splits, stride, head_dim, out)
};
// clang-format on

}  // namespace weft
