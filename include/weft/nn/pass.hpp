// One forward pass over a batch of rows, as plain data: what every worker of the team reads and where it writes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>

#include "weft/backend/concept.hpp"
#include "weft/core/thread_pool.hpp"
#include "weft/core/token.hpp"
#include "weft/nn/tap.hpp"

namespace weft::nn {

/// Consecutive rows of the batch that are consecutive positions of one sequence.
struct Segment {
  std::int64_t row = 0;    ///< of the batch
  std::int64_t rows = 0;
  std::int64_t first = 0;  ///< position of its first row
  std::byte* const* pages = nullptr;  ///< of the sequence; those of positions [first, first + rows) may be written
  KvType kv_type{};
};

/// Logits wanted for a row, written to out, [vocab].
struct LogitRow {
  std::int64_t row = 0;
  float* out = nullptr;
};

/// Scratch of the pass; see Workspace for who owns it. Row-major, rows apart by the stride in the name's comment.
struct Scratch {
  float* residual = nullptr;  ///< [rows, width]
  float* prepared = nullptr;  ///< [slots, rows, widest]: what a matmul reads, float32
  std::byte* blocks = nullptr;  ///< [slots, rows, widest_blocks]: the same, quantised, all planes of a row
  float* q = nullptr;         ///< [rows, a layer's heads * head_dim]
  float* k = nullptr;         ///< [rows, its kv_heads * head_dim]
  float* v = nullptr;         ///< as k
  float* mixed = nullptr;     ///< [rows, widest]: attention's output, or the MLP's hidden layer
  float* cos_sin = nullptr;   ///< [ropes, rows, widest_rope]: cosines, then sines, of each row's position
  float* logits = nullptr;    ///< [rows whose logits go nowhere else, vocab]
  float* pieces = nullptr;    ///< [max(vocab, widest) + workers * piece_floats], see for_each_columns()
  std::byte* rooms = nullptr;  ///< [workers, room_bytes]: where rows are shared, see with_room()
  float* partials = nullptr;  ///< [rows, splits, heads, partial_floats(head_dim)]: attention of long rows, split by split
  std::int64_t rows = 0;      ///< capacity: what a slot of prepared and of blocks holds
  std::int64_t widest = 0;
  std::int64_t widest_rope = 0;
  std::size_t widest_blocks = 0;
  std::size_t room_bytes = 0;
};

/// What a worker computes at a time of what goes no further as it is (logits that are copied out, the sides of a gate): it stays in the
/// cache. At least a dozen panels of twice max_pass_rows rows.
inline constexpr std::int64_t piece_floats = 65536;

struct Pass {
  std::span<const Token> tokens;            ///< [rows]
  std::span<const std::int64_t> positions;  ///< [rows]
  std::span<const Segment> segments;
  std::span<const AttentionRow> places;     ///< [rows]
  std::span<const LogitRow> logit_rows;
  std::span<const Tap> taps;
  Scratch scratch;
  std::int64_t rows = 0;
  std::int32_t planes = 1;  ///< of quantised rows (Operand::planes)
  std::int64_t splits = 1;  ///< of the longest context: above 1, rows attend split by split (see SplitsAttention)
  bool redundant = false;  ///< every worker prepares every row for itself, which saves a meeting (few rows)
  std::stop_token stop;
  std::atomic<bool> cancelled{false};
};

/// Calls f(row, slot) for those of `count` rows that this worker has to prepare; afterwards slot `slot_of` holds all for it.
/// With few rows each worker prepares all of them in a slot of its own: cheaper than a meeting.
template <class F>
void prepare_rows(Team& team, const Pass& pass, std::int64_t count, F&& f) {
  if (pass.redundant) {
    for (std::int64_t r = 0; r < count; ++r) f(r, static_cast<std::int64_t>(team.worker()));
  } else {
    const auto [begin, end] = slice_of(count, team);
    for (std::int64_t r = begin; r < end; ++r) f(r, std::int64_t{0});
    team.sync();
  }
}
inline constexpr std::int64_t columns_slot = 1;  ///< of blocks, where rows are shared: for what is quantised column by column
inline std::int64_t slot_of(const Team& team, const Pass& pass) noexcept { return pass.redundant ? team.worker() : 0; }

/// Before the room of a worker stands how many operands it was used for.
inline constexpr std::size_t room_head_bytes = 64;
/// The operand with the room of this worker, if there are rooms, for products that follow each other: `x` has not been there before.
inline Operand with_room(const Team& team, const Pass& pass, Operand x) noexcept {
  if (pass.scratch.rooms == nullptr) return x;
  std::byte* const head = pass.scratch.rooms + static_cast<std::size_t>(team.worker()) * pass.scratch.room_bytes;
  x.room = head + room_head_bytes;
  x.id = ++*reinterpret_cast<std::uint64_t*>(head);
  return x;
}

}  // namespace weft::nn
