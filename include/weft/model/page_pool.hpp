// Pages of the KV cache: fixed-size, reference counted, from a pool with a stated budget.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>

#include "weft/core/config.hpp"
#include "weft/core/ref.hpp"
#include "weft/model/page_heap.hpp"

namespace weft {

class PagePool;

/// Keys and values of page_positions positions, for every layer and KV head of a model. Shared by all forks that reach it;
/// written only by a sequence that owns it alone.
struct Page : RefCounted {
  std::shared_ptr<PagePool> pool;  ///< where the bytes go back to
  std::byte* data = nullptr;
  static void dispose(Page* page) noexcept;
};

/// Hands out pages of one size, within a budget. Thread-safe.
class PagePool : public std::enable_shared_from_this<PagePool> {
 public:
  /// heap: where pages come from, and their size; budget: bytes of pages alive at once.
  explicit PagePool(std::shared_ptr<PageHeap> heap, std::size_t budget = std::numeric_limits<std::size_t>::max());
  PagePool(const PagePool&) = delete;
  PagePool& operator=(const PagePool&) = delete;

  /// Contents are undefined. Throws Error(resource) when the budget is spent.
  Ref<Page> allocate();

  [[nodiscard]] std::size_t page_bytes() const noexcept { return heap_->page_bytes(); }
  [[nodiscard]] std::size_t budget() const noexcept { return budget_; }
  /// Bytes of pages alive now, and the most there ever were.
  [[nodiscard]] std::size_t used() const noexcept { return locked(used_); }
  [[nodiscard]] std::size_t peak() const noexcept { return locked(peak_); }

 private:
  friend struct Page;
  std::size_t locked(const std::size_t& value) const noexcept;
  void take_back(std::byte* data) noexcept;

  std::shared_ptr<PageHeap> heap_;
  std::size_t budget_, used_ = 0, peak_ = 0;
  mutable std::mutex mutex_;
};

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/model/page_pool.ipp"
#endif
