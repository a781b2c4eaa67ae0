// Memory for pages of the KV cache, cut from slabs that the system can back with huge pages.
#pragma once

#include <cstddef>
#include <mutex>
#include <vector>

#include "weft/core/config.hpp"

namespace weft {

/// Pages of one size for all sequences of a model: what many short ones hold lies close together, so that a pass which reads
/// all of it finds its addresses in the TLB (SmolLM2, 16 sequences: a pass takes a seventh less). Thread-safe.
class PageHeap {
 public:
  explicit PageHeap(std::size_t page_bytes) noexcept;
  ~PageHeap();
  PageHeap(const PageHeap&) = delete;
  PageHeap& operator=(const PageHeap&) = delete;

  /// A page with undefined contents, aligned to 64 bytes. Throws std::bad_alloc.
  std::byte* take();
  /// Takes a page back. Slabs of which no page is in use go back to the system, but for a few.
  void give(std::byte* page) noexcept;

  [[nodiscard]] std::size_t page_bytes() const noexcept { return page_bytes_; }
  /// Bytes that the heap holds now, pages in use and others.
  [[nodiscard]] std::size_t held() const noexcept;

 private:
  static constexpr std::size_t huge_page = std::size_t{2} << 20;
  /// Smaller pages come one by one: a huge page for a few of them would be wasted. So do those of which a huge page holds but one.
  static constexpr std::size_t smallest_shared = huge_page / 32;
  static constexpr std::size_t max_spares = 16;  ///< pages that are kept although nobody uses them or others of their slab

  struct Slab {
    std::byte* memory;
    std::vector<std::byte*> free;  ///< pages
  };
  std::byte* take_single();
  void give_single(std::byte* page) noexcept;
  void add_slab();
  [[nodiscard]] std::byte* allocate() const;
  void release(std::byte* memory) const noexcept;
  [[nodiscard]] std::size_t alignment() const noexcept { return slab_bytes_ >= huge_page ? huge_page : 64; }

  std::size_t page_bytes_, stride_;
  std::size_t slab_bytes_, slab_pages_ = 1;
  std::size_t spares_ = 0;  ///< pages of slabs of which none is in use
  std::size_t free_ = 0;    ///< pages that are not in use
  std::size_t full_ = 0;    ///< slabs before this one have no free page
  mutable std::mutex mutex_;
  std::vector<Slab> slabs_;  ///< by address
  std::size_t singles_ = 0;  ///< pages that came one by one, spares included
  std::vector<std::byte*> spare_singles_;
};

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/model/page_heap.ipp"
#endif
