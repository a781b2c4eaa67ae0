// The scratch memory of one pass, sized once for a model, and a shelf from which concurrent passes take one each.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "weft/core/tensor.hpp"
#include "weft/core/thread_pool.hpp"
#include "weft/model/pass_item.hpp"
#include "weft/nn/pass.hpp"
#include "weft/nn/program.hpp"

namespace weft {

/// With so few rows every worker prepares all of them for itself, which is cheaper than a meeting.
inline constexpr std::int64_t redundant_rows = 2;

/// Extents that the scratch of a model needs.
struct WorkspaceShape {
  std::int64_t partials = 0;  ///< floats of one row and one split of attention
  std::int64_t width = 0, q_width = 0, kv_width = 0, widest = 0;  ///< of q_width and kv_width the largest of the layers
  std::int64_t widest_rope = 0, ropes = 0, vocab = 0;
  std::size_t widest_blocks = 0, room_bytes = 0;
};

class Workspace {
 public:
  Workspace(const WorkspaceShape& shape, int workers) : shape_(shape), workers_(workers) {
    // A slot holds every row for all workers (of blocks there are two such), or redundant_rows for each.
    const auto rows = max_pass_rows, few_rows = workers * redundant_rows;
    const auto slot_rows = std::max<std::int64_t>(rows, few_rows);
    residual_ = Tensor<float, 1>({rows * shape.width});
    prepared_ = Tensor<float, 1>({slot_rows * shape.widest});
    blocks_ = Tensor<std::byte, 1>({std::max<std::int64_t>(2 * rows, few_rows) * static_cast<std::int64_t>(shape.widest_blocks)});
    q_ = Tensor<float, 1>({rows * shape.q_width});
    k_ = Tensor<float, 1>({rows * shape.kv_width});
    v_ = Tensor<float, 1>({rows * shape.kv_width});
    mixed_ = Tensor<float, 1>({rows * shape.widest});
    cos_sin_ = Tensor<float, 1>({shape.ropes * rows * shape.widest_rope});
    pieces_ = Tensor<float, 1>({std::max(shape.vocab, shape.widest) + workers * nn::piece_floats});
    tokens.reserve(static_cast<std::size_t>(rows));
    positions.reserve(static_cast<std::size_t>(rows));
    segments.reserve(static_cast<std::size_t>(rows));
    places.reserve(static_cast<std::size_t>(rows));
    logit_rows.reserve(static_cast<std::size_t>(rows));
  }

  /// Scratch for a pass of which `logit_count` rows have logits that go nowhere else, over contexts of up to `splits` splits.
  nn::Scratch scratch(bool redundant, std::int64_t logit_count, std::int64_t splits) {
    const auto partials = splits > 1 ? redundant_rows * splits * shape_.partials : 0;
    if (partials_.size() < partials) partials_ = Tensor<float, 1>({partials});
    if (logits_.size() < logit_count * shape_.vocab) logits_ = Tensor<float, 1>({logit_count * shape_.vocab});
    const auto room_bytes = shape_.room_bytes > 0 ? shape_.room_bytes + nn::room_head_bytes : 0;
    const auto rooms = static_cast<std::int64_t>(room_bytes) * workers_;
    if (!redundant && rooms_.size() < rooms) rooms_ = Tensor<std::byte, 1>({rooms});
    nn::Scratch s;
    s.residual = residual_.data();
    s.prepared = prepared_.data();
    s.blocks = blocks_.data();
    s.q = q_.data();
    s.k = k_.data();
    s.v = v_.data();
    s.mixed = mixed_.data();
    s.cos_sin = cos_sin_.data();
    s.logits = logits_.data();
    s.pieces = pieces_.data();
    s.rooms = rooms_.size() > 0 ? rooms_.data() : nullptr;
    s.partials = partials_.data();
    s.rows = redundant ? redundant_rows : max_pass_rows;
    s.widest = shape_.widest;
    s.widest_rope = shape_.widest_rope;
    s.widest_blocks = shape_.widest_blocks;
    s.room_bytes = room_bytes;
    return s;
  }

  std::vector<Token> tokens;
  std::vector<std::int64_t> positions;
  std::vector<nn::Segment> segments;
  std::vector<AttentionRow> places;
  std::vector<nn::LogitRow> logit_rows;
  std::vector<nn::Tap> taps;

 private:
  WorkspaceShape shape_;
  int workers_;
  Tensor<float, 1> residual_, prepared_, q_, k_, v_, mixed_, cos_sin_, logits_, pieces_, partials_;
  Tensor<std::byte, 1> blocks_, rooms_;
};

/// Workspaces of a model that are not in use. Thread-safe; take() makes a new one when the shelf is empty.
class WorkspaceShelf {
 public:
  WorkspaceShelf(const WorkspaceShape& shape, int workers) : shape_(shape), workers_(workers) {}

  std::unique_ptr<Workspace> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto workspace = std::move(idle_.back());
        idle_.pop_back();
        return workspace;
      }
    }
    return std::make_unique<Workspace>(shape_, workers_);
  }
  void put_back(std::unique_ptr<Workspace> workspace) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(workspace));
  }

 private:
  WorkspaceShape shape_;
  int workers_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> idle_;
};

}  // namespace weft
