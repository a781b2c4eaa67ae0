// Definitions of model/page_pool.hpp.
#pragma once

#include <utility>

#include "weft/core/error.hpp"
#include "weft/model/page_pool.hpp"

namespace weft {

WEFT_INLINE Ref<Page> PagePool::allocate() {
  auto page = make_ref<Page>();
  {
    const std::lock_guard lock(mutex_);
    if (page_bytes() > budget_ - used_)
      fail(ErrorKind::resource, "the KV cache is full: ", used_, " of ", budget_, " bytes are in use and a page of ", page_bytes(),
           " does not fit; raise SequenceOptions::kv_bytes, drop forks, or choose a smaller KvType");
    used_ += page_bytes();
    peak_ = used_ > peak_ ? used_ : peak_;
  }
  try {
    page->data = heap_->take();
  } catch (...) {
    const std::lock_guard lock(mutex_);
    used_ -= page_bytes();
    throw;
  }
  page->pool = shared_from_this();
  return page;
}

WEFT_INLINE void PagePool::take_back(std::byte* data) noexcept {
  heap_->give(data);
  const std::lock_guard lock(mutex_);
  used_ -= page_bytes();
}

WEFT_INLINE void Page::dispose(Page* page) noexcept {
  const auto pool = std::move(page->pool);
  if (pool && page->data) pool->take_back(page->data);
  delete page;
}

WEFT_INLINE PagePool::PagePool(std::shared_ptr<PageHeap> heap, std::size_t budget) : heap_(std::move(heap)), budget_(budget) {}

WEFT_INLINE std::size_t PagePool::locked(const std::size_t& value) const noexcept {
  const std::lock_guard lock(mutex_);
  return value;
}

}  // namespace weft
