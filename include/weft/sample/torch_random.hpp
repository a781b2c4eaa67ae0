// The random numbers of torch's CPU generator, which watermarks of the field are keyed by.
#pragma once

#include <array>
#include <cstdint>

namespace weft::detail {

/// MT19937 (Matsumoto and Nishimura 1998), seeded with the low 32 bits as torch.Generator.manual_seed does.
class TorchRandom {
 public:
  explicit TorchRandom(std::uint64_t seed) noexcept {
    state_[0] = static_cast<std::uint32_t>(seed);
    for (std::uint32_t i = 1; i < size; ++i) state_[i] = 1812433253u * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
  }
  std::uint32_t operator()() noexcept {
    if (next_ == size) twist();
    std::uint32_t y = state_[next_++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9D2C5680u;
    y ^= (y << 15) & 0xEFC60000u;
    return y ^ (y >> 18);
  }
  /// As torch.randint and torch.randperm draw below n.
  std::uint32_t below(std::uint32_t n) noexcept { return (*this)() % n; }

 private:
  static constexpr std::uint32_t size = 624, middle = 397;

  void twist() noexcept {
    const auto mixed = [](std::uint32_t high, std::uint32_t low) {
      const std::uint32_t y = (high & 0x80000000u) | (low & 0x7FFFFFFFu);
      return (y >> 1) ^ ((y & 1u) != 0 ? 0x9908B0DFu : 0u);
    };
    for (std::uint32_t i = 0; i < size; ++i)
      state_[i] = state_[(i + middle) % size] ^ mixed(state_[i], state_[(i + 1) % size]);
    next_ = 0;
  }

  std::array<std::uint32_t, size> state_{};
  std::uint32_t next_ = size;
};

}  // namespace weft::detail
