// XXH64: a 64-bit hash of bytes, fast enough to check every file by (about 8 bytes a cycle). It finds accidents, not forgers.
// Source: Y. Collet, "XXH64 algorithm description" (xxHash's specification, version 0.1.1).
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace weft {

/// The hash of all bytes given to update(), however they were divided. A file that an accident has changed keeps its hash with
/// probability 2^-64.
class Xxh64 {
 public:
  explicit Xxh64(std::uint64_t seed = 0) noexcept
      : lanes_{seed + prime1 + prime2, seed + prime2, seed, seed - prime1}, seed_(seed) {}

  void update(std::span<const std::byte> bytes) noexcept {
    length_ += bytes.size();
    if (held_ > 0) {
      const std::size_t n = std::min(stripe - held_, bytes.size());
      std::copy_n(bytes.begin(), n, buffer_.begin() + static_cast<std::ptrdiff_t>(held_));
      held_ += n;
      bytes = bytes.subspan(n);
      if (held_ < stripe) return;
      mix(buffer_.data(), 1);
      held_ = 0;
    }
    mix(bytes.data(), bytes.size() / stripe);
    bytes = bytes.last(bytes.size() % stripe);
    std::copy(bytes.begin(), bytes.end(), buffer_.begin());
    held_ = bytes.size();
  }

  [[nodiscard]] std::uint64_t digest() const noexcept {
    std::uint64_t hash = seed_ + prime5;
    if (length_ >= stripe) {
      hash = std::rotl(lanes_[0], 1) + std::rotl(lanes_[1], 7) + std::rotl(lanes_[2], 12) + std::rotl(lanes_[3], 18);
      for (const auto lane : lanes_) hash = (hash ^ round(0, lane)) * prime1 + prime4;
    }
    hash += length_;
    const std::byte* at = buffer_.data();
    const std::byte* const end = at + held_;
    for (; end - at >= 8; at += 8) hash = std::rotl(hash ^ round(0, read<std::uint64_t>(at)), 27) * prime1 + prime4;
    if (end - at >= 4) {
      hash = std::rotl(hash ^ (read<std::uint32_t>(at) * prime1), 23) * prime2 + prime3;
      at += 4;
    }
    for (; at != end; ++at) hash = std::rotl(hash ^ (std::to_integer<std::uint64_t>(*at) * prime5), 11) * prime1;
    hash = (hash ^ (hash >> 33)) * prime2;
    hash = (hash ^ (hash >> 29)) * prime3;
    return hash ^ (hash >> 32);
  }

 private:
  static_assert(std::endian::native == std::endian::little, "words are read as the machine has them");
  static constexpr std::uint64_t prime1 = 0x9E3779B185EBCA87, prime2 = 0xC2B2AE3D27D4EB4F, prime3 = 0x165667B19E3779F9,
                                 prime4 = 0x85EBCA77C2B2AE63, prime5 = 0x27D4EB2F165667C5;
  static constexpr std::size_t stripe = 32;  // four lanes of 8 bytes

  template <class T>
  static std::uint64_t read(const std::byte* from) noexcept {
    T value;
    std::memcpy(&value, from, sizeof(T));
    return value;
  }
  static constexpr std::uint64_t round(std::uint64_t lane, std::uint64_t word) noexcept {
    return std::rotl(lane + word * prime2, 31) * prime1;
  }
  void mix(const std::byte* from, std::size_t stripes) noexcept {
    auto [a, b, c, d] = lanes_;  // in registers
    for (; stripes > 0; --stripes, from += stripe) {
      a = round(a, read<std::uint64_t>(from));
      b = round(b, read<std::uint64_t>(from + 8));
      c = round(c, read<std::uint64_t>(from + 16));
      d = round(d, read<std::uint64_t>(from + 24));
    }
    lanes_ = {a, b, c, d};
  }

  std::array<std::uint64_t, 4> lanes_;
  std::uint64_t seed_, length_ = 0;
  std::array<std::byte, stripe> buffer_{};
  std::size_t held_ = 0;
};

inline std::uint64_t xxh64(std::span<const std::byte> bytes, std::uint64_t seed = 0) noexcept {
  Xxh64 hash(seed);
  hash.update(bytes);
  return hash.digest();
}

}  // namespace weft
