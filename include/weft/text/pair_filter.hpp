// A set of pairs that may hold a few more than were added: which symbols can ever become one token side by side. Not API.
// Source: Bloom 1970 ("Space/time trade-offs in hash coding"), with one hash function.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft::detail {

/// Where two neighbours are not in the set, no merge crosses between them, and what lies on both sides is merged by itself. Pairs that
/// are found without having been added only make such parts longer, which changes nothing but the time.
class PairFilter {
 public:
  /// Without a size it holds every pair.
  PairFilter() = default;
  explicit PairFilter(std::size_t pairs) {
    const std::size_t bits = std::clamp(std::bit_ceil(pairs * 8), std::size_t{1} << 12, std::size_t{1} << 20);
    words_.assign(bits / 64, 0);
    shift_ = 64 - static_cast<unsigned>(std::countr_zero(bits));
  }

  void add(std::uint32_t a, std::uint32_t b) noexcept {
    const std::size_t at = place(a, b);
    words_[at / 64] |= std::uint64_t{1} << at % 64;
  }
  [[nodiscard]] bool may_hold(std::uint32_t a, std::uint32_t b) const noexcept {
    if (words_.empty()) return true;
    const std::size_t at = place(a, b);
    return (words_[at / 64] >> at % 64 & 1u) != 0;
  }

 private:
  [[nodiscard]] std::size_t place(std::uint32_t a, std::uint32_t b) const noexcept {
    return static_cast<std::size_t>((std::uint64_t{a} << 32 | b) * 0x9E3779B97F4A7C15u >> shift_);
  }

  std::vector<std::uint64_t> words_{};
  unsigned shift_ = 63;
};

}  // namespace weft::detail
