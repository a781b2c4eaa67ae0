// Definitions of model/page_pool.hpp.
#pragma once

#include <utility>

#include "weft/core/error.hpp"
#include "weft/model/page_pool.hpp"

namespace weft {

WEFT_INLINE PagePool::~PagePool() {
  for (auto* data : free_) ::operator delete(data, alignment);
}

WEFT_INLINE Ref<Page> PagePool::allocate() {
  auto page = make_ref<Page>();
  {
    const std::lock_guard lock(mutex_);
    if (page_bytes_ > budget_ - used_)
      fail(ErrorKind::resource, "the KV cache is full: ", used_, " of ", budget_, " bytes are in use and a page of ", page_bytes_,
           " does not fit; raise SequenceOptions::kv_bytes, drop forks, or choose a smaller KvType");
    used_ += page_bytes_;
    peak_ = used_ > peak_ ? used_ : peak_;
    if (!free_.empty()) {
      page->data = free_.back();
      free_.pop_back();
    }
  }
  if (!page->data) {
    try {
      page->data = static_cast<std::byte*>(::operator new(page_bytes_, alignment));
    } catch (...) {
      const std::lock_guard lock(mutex_);
      used_ -= page_bytes_;
      throw;
    }
  }
  page->pool = shared_from_this();
  return page;
}

WEFT_INLINE void PagePool::take_back(std::byte* data) noexcept {
  const std::lock_guard lock(mutex_);
  used_ -= page_bytes_;
  // A short list of spares serves rewinds and beams; beyond it memory goes back to the system.
  if (free_.size() < max_spares && free_.capacity() >= max_spares) {
    free_.push_back(data);
  } else {
    ::operator delete(data, alignment);
  }
}

WEFT_INLINE void Page::dispose(Page* page) noexcept {
  const auto pool = std::move(page->pool);
  if (pool && page->data) pool->take_back(page->data);
  delete page;
}

WEFT_INLINE PagePool::PagePool(std::size_t page_bytes, std::size_t budget) : page_bytes_(page_bytes), budget_(budget) {
  free_.reserve(max_spares);
}

WEFT_INLINE std::size_t PagePool::locked(const std::size_t& value) const noexcept {
  const std::lock_guard lock(mutex_);
  return value;
}

}  // namespace weft
