// Memory of one rendering: what a template makes lives until the rendering ends and is freed at once, within a budget.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "weft/core/error.hpp"

namespace weft::detail::jinja {

/// A bump allocator. Nothing is destroyed, so a value nested a million deep needs no stack to go away.
class Arena {
 public:
  /// limit: bytes. More are Error(resource).
  explicit Arena(std::size_t limit) : left_(limit), limit_(limit) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  [[nodiscard]] void* allocate(std::size_t bytes) {
    bytes = (bytes + 15) & ~std::size_t{15};
    if (bytes > static_cast<std::size_t>(end_ - next_)) grow(bytes);
    void* place = next_;
    next_ += bytes;
    return place;
  }

  template <class T, class... Parts>
  T* make(Parts&&... parts) {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= 16);
    return new (allocate(sizeof(T))) T{std::forward<Parts>(parts)...};
  }

  /// `count` values, not yet constructed beyond their default.
  template <class T>
  T* array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= 16);
    if (count > limit_ / sizeof(T)) exhausted();
    T* items = static_cast<T*>(allocate(count * sizeof(T)));
    std::uninitialized_default_construct_n(items, count);
    return items;
  }

  template <class T>
  const T* copy(const T* items, std::size_t count) {
    T* copied = array<T>(count);
    std::copy_n(items, count, copied);
    return copied;
  }

  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    return {copy(text.data(), text.size()), text.size()};
  }

  /// Counts bytes that are kept elsewhere (the output) as if they were here.
  void charge(std::size_t bytes) {
    if (bytes > left_) exhausted();
    left_ -= bytes;
  }

 private:
  [[noreturn]] void exhausted() const {
    fail(ErrorKind::resource, "the limit of ", limit_, " bytes of memory for one rendering is reached (RenderLimits::memory)");
  }

  void grow(std::size_t bytes) {
    const std::size_t block = std::max(bytes, std::min<std::size_t>(std::size_t{8192} << std::min<std::size_t>(blocks_.size(), 7), std::size_t{1} << 20));
    charge(block);
    blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(block));
    next_ = blocks_.back().get();
    end_ = next_ + block;
  }

  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::byte* next_ = nullptr;
  std::byte* end_ = nullptr;
  std::size_t left_, limit_;
};

}  // namespace weft::detail::jinja
