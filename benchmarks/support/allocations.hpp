// Counts what the program takes from the heap. Replaces the global operator new: include it in one file of a program.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace allocations {
inline std::atomic<std::uint64_t> count{0};  ///< calls of operator new so far, in all threads

inline void* take(std::size_t size, std::size_t alignment) {
  count.fetch_add(1, std::memory_order_relaxed);
  size = (size + alignment - 1) / alignment * alignment;
  void* const p = alignment > alignof(std::max_align_t) ? std::aligned_alloc(alignment, size) : std::malloc(size > 0 ? size : 1);
  if (!p) throw std::bad_alloc();
  return p;
}
}  // namespace allocations

// new[] and the forms that do not throw call these.
void* operator new(std::size_t size) { return allocations::take(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment) { return allocations::take(size, static_cast<std::size_t>(alignment)); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
