// An intrusive, thread-safe reference count: one pointer wide, and it can say whether it is the only owner.
//
// std::shared_ptr cannot: use_count() is a relaxed load, so writing after use_count() == 1 races with the last read of the
// owner that just left. Copy-on-write needs exactly that question answered.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace weft {

/// Base of a counted object. A copy of the object starts with a count of its own.
class RefCounted {
 public:
  RefCounted() = default;
  RefCounted(const RefCounted&) noexcept {}
  RefCounted& operator=(const RefCounted&) noexcept { return *this; }

 private:
  template <class T>
  friend class Ref;
  std::atomic<std::uint32_t> count_{0};
};

/// Owns a share of a T that derives from RefCounted. T may define `static void dispose(T*)`; otherwise it is deleted.
template <class T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(T* object) noexcept : object_(object) { acquire(); }
  Ref(const Ref& other) noexcept : object_(other.object_) { acquire(); }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ && object_->count_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      if constexpr (requires(T* p) { T::dispose(p); }) {
        T::dispose(object_);
      } else {
        delete object_;
      }
    }
  }

  [[nodiscard]] T* get() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  T* operator->() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  /// True when nobody else owns a share: whoever let go last has finished reading, and the object may be written.
  [[nodiscard]] bool unique() const noexcept { return object_ && object_->count_.load(std::memory_order_acquire) == 1; }

 private:
  void acquire() noexcept {
    if (object_) object_->count_.fetch_add(1, std::memory_order_relaxed);
  }
  T* object_ = nullptr;
};

template <class T, class... Args>
Ref<T> make_ref(Args&&... args) {
  return Ref<T>(new T(std::forward<Args>(args)...));
}

}  // namespace weft
