// Tensors of a fixed rank: Tensor owns its memory, TensorView looks at somebody's. Both are dense and row-major.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include "weft/core/error.hpp"

namespace weft {

/// A dense row-major view: shape[0] is outermost. Elements are not owned. Copying copies the view.
template <class T, std::size_t Rank>
class TensorView {
  static_assert(Rank >= 1);

 public:
  using Shape = std::array<std::int64_t, Rank>;

  constexpr TensorView() = default;
  constexpr TensorView(T* data, const Shape& shape) : data_(data), shape_(shape) {}
  /// A view of T is a view of const T.
  template <class U>
    requires(std::is_same_v<const U, T> && !std::is_same_v<U, T>)
  constexpr TensorView(const TensorView<U, Rank>& other) : data_(other.data()), shape_(other.shape()) {}

  [[nodiscard]] constexpr T* data() const noexcept { return data_; }
  [[nodiscard]] constexpr const Shape& shape() const noexcept { return shape_; }
  [[nodiscard]] constexpr std::int64_t size() const noexcept {
    std::int64_t count = 1;
    for (const auto extent : shape_) count *= extent;
    return count;
  }
  [[nodiscard]] constexpr std::span<T> flat() const noexcept { return {data_, static_cast<std::size_t>(size())}; }

  /// The sub-tensor at index i of the outermost dimension; for rank 1, the element. i in [0, shape[0]).
  constexpr decltype(auto) operator[](std::int64_t i) const noexcept {
    if constexpr (Rank == 1) {
      return (data_[i]);
    } else {
      std::array<std::int64_t, Rank - 1> inner{};
      std::int64_t stride = 1;
      for (std::size_t d = 1; d < Rank; ++d) stride *= (inner[d - 1] = shape_[d]);
      return TensorView<T, Rank - 1>(data_ + i * stride, inner);
    }
  }

 private:
  T* data_ = nullptr;
  Shape shape_{};
};

namespace detail {
/// One for all tensors.
struct FreeAligned {
  void operator()(void* p) const noexcept { ::operator delete[](p, std::align_val_t{64}); }
};
}  // namespace detail

/// Owns shape[0] * ... * shape[Rank - 1] elements, value-initialised and aligned to 64 bytes. Movable, not copyable:
/// a copy of a large buffer is something one should see.
template <class T, std::size_t Rank>
class Tensor {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  using Shape = typename TensorView<T, Rank>::Shape;
  static constexpr std::size_t max_size = (std::size_t{1} << 47) / sizeof(T);

  Tensor() = default;
  /// Throws Error(shape) for a negative extent or a size that no memory could hold, std::bad_alloc when there is none.
  explicit Tensor(const Shape& shape) : shape_(shape) {
    std::size_t count = 1;
    for (const auto extent : shape) {
      if (extent < 0 || (extent > 0 && count > max_size / static_cast<std::size_t>(extent)))
        fail(ErrorKind::shape, "a tensor dimension of ", extent, " is out of range");
      count *= static_cast<std::size_t>(extent);
    }
    if (count > 0) {
      data_.reset(static_cast<T*>(::operator new[](count * sizeof(T), std::align_val_t{64})));
      std::uninitialized_value_construct_n(data_.get(), count);
    }
  }

  [[nodiscard]] T* data() noexcept { return data_.get(); }
  [[nodiscard]] const T* data() const noexcept { return data_.get(); }
  [[nodiscard]] const Shape& shape() const noexcept { return shape_; }
  [[nodiscard]] std::int64_t size() const noexcept { return view().size(); }
  [[nodiscard]] std::span<T> flat() noexcept { return view().flat(); }
  [[nodiscard]] std::span<const T> flat() const noexcept { return view().flat(); }
  [[nodiscard]] TensorView<T, Rank> view() noexcept { return {data_.get(), shape_}; }
  [[nodiscard]] TensorView<const T, Rank> view() const noexcept { return {data_.get(), shape_}; }
  decltype(auto) operator[](std::int64_t i) noexcept { return view()[i]; }
  decltype(auto) operator[](std::int64_t i) const noexcept { return view()[i]; }

 private:
  std::unique_ptr<T[], detail::FreeAligned> data_;
  Shape shape_{};
};

}  // namespace weft
