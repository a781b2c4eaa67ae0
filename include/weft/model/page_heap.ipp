// Definitions of model/page_heap.hpp.
#pragma once

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

#include "weft/model/page_heap.hpp"
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace weft {

WEFT_INLINE PageHeap::PageHeap(std::size_t page_bytes) noexcept
    : page_bytes_(page_bytes), stride_(page_bytes), slab_bytes_(page_bytes) {
  if (page_bytes < smallest_shared) return;
  constexpr std::size_t small_page = 4096;  // keys and values of a head often fill one: they shall not lie in two
  stride_ = (page_bytes + small_page - 1) / small_page * small_page;
  slab_bytes_ = stride_;
  if (stride_ >= huge_page / 2) return;
  // As many huge pages as leave at most an eighth unused.
  do {
    slab_bytes_ = (slab_bytes_ + huge_page) / huge_page * huge_page;
    slab_pages_ = slab_bytes_ / stride_;
  } while (slab_bytes_ - slab_pages_ * stride_ > slab_bytes_ / 8);
}

WEFT_INLINE PageHeap::~PageHeap() {
  for (const auto& slab : slabs_) release(slab.memory);
  for (auto* const page : spare_singles_) release(page);
}

WEFT_INLINE std::byte* PageHeap::take() {
  const std::lock_guard lock(mutex_);
  if (slab_pages_ == 1) return take_single();
  if (free_ == 0) add_slab();
  while (slabs_[full_].free.empty()) ++full_;
  auto& slab = slabs_[full_];
  if (slab.free.size() == slab_pages_) spares_ -= slab_pages_;
  --free_;
  auto* const page = slab.free.back();
  slab.free.pop_back();
  return page;
}

WEFT_INLINE void PageHeap::give(std::byte* page) noexcept {
  const std::lock_guard lock(mutex_);
  if (slab_pages_ == 1) return give_single(page);
  const auto after = std::upper_bound(slabs_.begin(), slabs_.end(), page, [](const std::byte* p, const Slab& s) { return p < s.memory; });
  const auto slab = std::prev(after);
  slab->free.push_back(page);
  ++free_;
  full_ = std::min(full_, static_cast<std::size_t>(slab - slabs_.begin()));
  if (slab->free.size() < slab_pages_) return;
  if (spares_ + slab_pages_ <= std::max(max_spares, slab_pages_)) {
    spares_ += slab_pages_;
    return;
  }
  free_ -= slab_pages_;
  release(slab->memory);
  slabs_.erase(slab);
}

WEFT_INLINE std::size_t PageHeap::held() const noexcept {
  const std::lock_guard lock(mutex_);
  return (slabs_.size() + singles_) * slab_bytes_;
}

WEFT_INLINE std::byte* PageHeap::take_single() {
  if (!spare_singles_.empty()) {
    auto* const page = spare_singles_.back();
    spare_singles_.pop_back();
    return page;
  }
  spare_singles_.reserve(max_spares);  // for give_single(), which must not throw
  auto* const page = allocate();
  ++singles_;
  return page;
}

WEFT_INLINE void PageHeap::give_single(std::byte* page) noexcept {
  if (spare_singles_.size() < max_spares) return spare_singles_.push_back(page);
  release(page);
  --singles_;
}

WEFT_INLINE void PageHeap::add_slab() {
  Slab slab{nullptr, {}};
  slab.free.reserve(slab_pages_);
  if (slabs_.size() == slabs_.capacity()) slabs_.reserve(2 * slabs_.size() + 1);
  slab.memory = allocate();
  for (std::size_t i = slab_pages_; i > 0; --i) slab.free.push_back(slab.memory + (i - 1) * stride_);
  free_ += slab_pages_;
  spares_ += slab_pages_;
  const auto at = std::upper_bound(slabs_.begin(), slabs_.end(), slab.memory, [](const std::byte* p, const Slab& s) { return p < s.memory; });
  full_ = std::min(full_, static_cast<std::size_t>(at - slabs_.begin()));
  slabs_.insert(at, std::move(slab));
}

WEFT_INLINE std::byte* PageHeap::allocate() const {
  auto* const memory = static_cast<std::byte*>(::operator new(slab_bytes_, static_cast<std::align_val_t>(alignment())));
#if defined(__linux__)
  if (alignment() == huge_page) ::madvise(memory, slab_bytes_, MADV_HUGEPAGE);
#endif
  return memory;
}

WEFT_INLINE void PageHeap::release(std::byte* memory) const noexcept { ::operator delete(memory, static_cast<std::align_val_t>(alignment())); }

}  // namespace weft
