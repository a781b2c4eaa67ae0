// Arithmetic on numbers that came from a file: overflow makes the value invalid instead of small.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "weft/core/error.hpp"

namespace weft {

/// A size in unsigned 64 bits that remembers whether any step on the way to it overflowed. Invalid stays invalid.
///
///     const auto bytes = (Checked(rows) * row_bytes + offset).value_or_fail(ErrorKind::format, "tensor is too large");
class Checked {
 public:
  constexpr explicit Checked(std::uint64_t value) noexcept : value_(value) {}

  [[nodiscard]] constexpr bool valid() const noexcept { return valid_; }
  /// Empty when a step overflowed.
  [[nodiscard]] constexpr std::optional<std::uint64_t> value() const noexcept {
    return valid_ ? std::optional<std::uint64_t>(value_) : std::nullopt;
  }
  /// The value, or weft::Error of that kind with the message made of `parts`.
  template <class... Parts>
  [[nodiscard]] constexpr std::uint64_t value_or_fail(ErrorKind kind, const Parts&... parts) const {
    if (!valid_) fail(kind, parts...);
    return value_;
  }
  /// True if the value is known and at most `limit`.
  [[nodiscard]] constexpr bool at_most(std::uint64_t limit) const noexcept { return valid_ && value_ <= limit; }

  /// The next multiple of `multiple` that is not below the value; invalid for a multiple of 0.
  [[nodiscard]] constexpr Checked round_up(std::uint64_t multiple) const noexcept {
    if (!valid_ || multiple == 0) return invalid();
    const std::uint64_t rest = value_ % multiple;
    return rest == 0 ? *this : *this + (multiple - rest);
  }

  friend constexpr Checked operator+(Checked a, Checked b) noexcept {
    if (!a.valid_ || !b.valid_ || b.value_ > max - a.value_) return invalid();
    return Checked(a.value_ + b.value_);
  }
  friend constexpr Checked operator*(Checked a, Checked b) noexcept {
    if (!a.valid_ || !b.valid_ || (a.value_ != 0 && b.value_ > max / a.value_)) return invalid();
    return Checked(a.value_ * b.value_);
  }
  friend constexpr Checked operator+(Checked a, std::uint64_t b) noexcept { return a + Checked(b); }
  friend constexpr Checked operator*(Checked a, std::uint64_t b) noexcept { return a * Checked(b); }

 private:
  static constexpr std::uint64_t max = std::numeric_limits<std::uint64_t>::max();
  static constexpr Checked invalid() noexcept {
    Checked result(0);
    result.valid_ = false;
    return result;
  }

  std::uint64_t value_;
  bool valid_ = true;
};

}  // namespace weft
