// Counts what the program takes from the heap. Replaces the global operator new: include it in one file of a program. Sanitizers
// have an operator new of their own, so nothing is counted under them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

#include "support/sanitizer.hpp"

#if !WEFT_TEST_SANITIZED
namespace weft::test {
inline std::atomic<std::size_t> allocations{0}, allocated_bytes{0};  ///< so far, in all threads

inline void* counted(std::size_t size, std::size_t alignment) noexcept {
  ++allocations;
  allocated_bytes += size;
  return alignment <= alignof(std::max_align_t) ? std::malloc(size) : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}
inline void* counted_or_throw(std::size_t size, std::size_t alignment) {
  if (void* p = counted(size, alignment)) return p;
  throw std::bad_alloc();
}
}  // namespace weft::test

// Never inlined: g++ would see free() meet operator new and warn. new[] calls new, delete[] delete.
[[gnu::noinline]] void* operator new(std::size_t size) { return weft::test::counted_or_throw(size, 1); }
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  return weft::test::counted_or_throw(size, static_cast<std::size_t>(alignment));
}
// The standard library's sorts use this one: memory of one allocator must not meet free() of another.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return weft::test::counted(size, 1); }
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, const std::nothrow_t&) noexcept { std::free(p); }
#endif
