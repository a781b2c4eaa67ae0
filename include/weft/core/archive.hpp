// State as bytes: values one after the other, little-endian, without gaps; and back, where nothing that the bytes say is believed.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "weft/core/checked.hpp"
#include "weft/core/config.hpp"
#include "weft/core/error.hpp"

namespace weft {

namespace detail {

static_assert(std::endian::native == std::endian::little, "an archive holds values as the machine does");

/// What has one form in bytes: numbers, and plain structs of them without padding (which the writer of such a struct sees to). A bool has
/// not, since not every byte is one.
template <class T>
concept Archived = std::is_trivially_copyable_v<T> && !std::is_pointer_v<T> && !std::is_same_v<T, bool>;

}  // namespace detail

/// Collects values.
class StateWriter {
 public:
  template <detail::Archived T>
  void put(const T& value) {
    append(&value, sizeof(T));
  }
  /// The number of values, then the values.
  template <detail::Archived T>
  void put_all(std::span<const T> values) {
    put(std::uint64_t{values.size()});
    append(values.data(), values.size_bytes());
  }
  void put_text(std::string_view text);
  void put_flag(bool flag) { put(static_cast<std::uint8_t>(flag)); }

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept;

 private:
  void append(const void* from, std::size_t size);
  std::vector<std::byte> bytes_;
};

/// Reads what a StateWriter has written. The bytes must outlive it. Whatever asks for more than there is throws Error(format) that names
/// `source`, before any memory is taken for it.
class StateReader {
 public:
  StateReader(std::span<const std::byte> bytes, std::string source)
      : rest_(bytes), size_(bytes.size()), source_(std::move(source)) {}

  template <detail::Archived T>
  [[nodiscard]] T get() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }
  template <detail::Archived T>
  [[nodiscard]] std::vector<T> get_all() {
    const auto count = get<std::uint64_t>();
    return get_values<T>(count);
  }
  /// `count` values whose number is known.
  template <detail::Archived T>
  [[nodiscard]] std::vector<T> get_values(std::uint64_t count) {
    const auto from =
        take((Checked(count) * sizeof(T))
                 .value_or_fail(ErrorKind::format, source_, ": a list of ", count, " values is too long"));
    std::vector<T> values(static_cast<std::size_t>(count));
    if (!from.empty()) std::memcpy(values.data(), from.data(), from.size());
    return values;
  }
  [[nodiscard]] std::string get_text();
  [[nodiscard]] bool get_flag();
  /// The next bytes themselves.
  [[nodiscard]] std::span<const std::byte> take(std::uint64_t size);

  [[nodiscard]] std::span<const std::byte> rest() const noexcept { return rest_; }
  [[nodiscard]] std::size_t position() const noexcept { return size_ - rest_.size(); }
  [[nodiscard]] const std::string& source() const noexcept { return source_; }
  /// Throws Error(format) that names the source.
  template <class... Parts>
  [[noreturn]] void broken(const Parts&... parts) const {
    fail(ErrorKind::format, source_, ": ", parts..., "; was it written by this version of the library?");
  }
  /// Throws Error(format) unless all was read.
  void expect_end() const;

 private:
  std::span<const std::byte> rest_;
  std::size_t size_;
  std::string source_;
};

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/core/archive.ipp"
#endif
