// Random damage to valid files and texts, the same in every run: what a reader makes of it must be a value or an Error.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/error.hpp"

namespace weft::test {

class Damage {
 public:
  /// pieces: texts that are put in, beside bytes, numbers at their borders, and parts of the file itself.
  explicit Damage(std::vector<std::string> pieces = {}) : pieces_(std::move(pieces)) {}

  /// The bytes with one to three places damaged, among the first `within`.
  std::string operator()(std::string bytes, std::size_t within = static_cast<std::size_t>(-1)) {
    for (std::size_t n = 1 + below(3); n > 0; --n) damage_one(bytes, within);
    return bytes;
  }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % std::max<std::size_t>(n, 1)); }

 private:
  void damage_one(std::string& bytes, std::size_t within) {
    const std::size_t at = below(std::min(bytes.size(), within));
    const std::uint64_t borders[] = {0, 1, 2, 31, 0x7fffffff, 0x80000000u, 0xffffffffu, std::uint64_t{1} << 62, std::uint64_t{1} << 63, ~std::uint64_t{0}, bytes.size(), bytes.size() - at};
    switch (below(pieces_.empty() ? 5 : 8)) {
      case 0:
      case 1: {
        const auto byte = static_cast<char>(below(256));
        if (at < bytes.size()) bytes[at] = byte;
        break;
      }
      case 2: {
        const std::uint64_t value = borders[below(std::size(borders))];
        std::memcpy(bytes.data() + at, &value, std::min<std::size_t>(8, bytes.size() - at));
        break;
      }
      case 3: bytes.erase(at, 1 + below(40)); break;
      case 4: bytes.insert(at, bytes.substr(below(bytes.size()), 1 + below(60))); break;
      default: bytes.replace(at, std::min(below(12), bytes.size() - at), pieces_[below(pieces_.size())]);
    }
  }

  std::mt19937_64 random_{20240711};
  std::vector<std::string> pieces_;
};

/// What became of damaged files.
struct Damaged {
  int read = 0, refused = 0;

  template <class F>
  void attempt(F&& f) {
    try {
      f();
      ++read;
    } catch (const Error&) {
      ++refused;
    }
  }
};

}  // namespace weft::test
