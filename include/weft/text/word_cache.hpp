// Words of a text that were encoded before, with their tokens. Not API.
//
// Texts repeat themselves: of the words of English prose more than nine in ten stood earlier in the text. The tokens of a word are
// looked for in a table of fixed size, where a newer word takes the place of an older one with the same hash; so it costs no more
// memory for a longer text, and belongs to one call, so that threads share nothing.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "weft/core/token.hpp"

namespace weft::detail {

class WordCache {
 public:
  /// For a text of so many bytes. Short texts get no table: filling it would cost more than it saves.
  explicit WordCache(std::size_t bytes) {
    if (bytes < worth || bytes > 0xFFFFFFFF) return;
    const std::size_t size = std::min(std::bit_ceil(bytes / 16), most);
    entries_.resize(size);
    shift_ = 64 - static_cast<unsigned>(std::countr_zero(size));
  }

  /// Appends the tokens of a word that lies in the text which begins at `base`: those of its last occurrence, or what encode() appends
  /// to `out`. Text and tokens so far must be the same as in the calls before, but for what was added to their ends.
  template <class Encode>
  void append(const char* base, std::string_view word, std::vector<Token>& out, const Encode& encode) {
    if (entries_.empty() || word.size() > longest || word.empty()) return encode();
    const auto length = static_cast<std::uint8_t>(word.size());
    const std::uint64_t key = key_of(word);
    Entry& entry = entries_[static_cast<std::size_t>((key ^ length * 0xD6E8FEB86659FD93u) * 0x9E3779B97F4A7C15u >> shift_)];
    const auto place = static_cast<std::uint32_t>(word.data() - base);
    const std::size_t before = out.size();
    if (entry.key == key && entry.length == length && (length <= 8 || std::memcmp(base + entry.place, word.data(), length) == 0)) {
      if (entry.count == 1) {
        out.push_back(entry.tokens);
      } else {
        out.resize(before + entry.count);
        std::copy_n(out.begin() + entry.tokens, entry.count, out.begin() + static_cast<std::ptrdiff_t>(before));
        entry.tokens = static_cast<Token>(before);
      }
      entry.place = place;  // what was read lately is nearer
      return;
    }
    encode();
    const std::size_t count = out.size() - before;
    if (count > 0xFF || out.size() > 0x7FFFFFFF) return;
    entry = {key, place, count == 1 ? out.back() : static_cast<Token>(before), length, static_cast<std::uint8_t>(count)};
  }

 private:
  static constexpr std::size_t worth = 512, most = std::size_t{1} << 14, longest = 128;

  struct Entry {
    std::uint64_t key = 0;        // the word itself up to eight bytes, else a hash
    std::uint32_t place = 0;      // of its last occurrence in the text
    Token tokens = 0;             // where its tokens stand in the output; the token itself if it is one
    std::uint8_t length = 0;      // 0: free
    std::uint8_t count = 0;
  };

  template <class T>
  static std::uint64_t load(const char* from) noexcept {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
  }

  // Together with the length it is the word, if that has at most eight bytes. Reads no byte outside.
  static std::uint64_t key_of(std::string_view word) noexcept {
    const char* p = word.data();
    std::size_t n = word.size();
    if (n < 4) {
      const auto at = [p](std::size_t i) { return static_cast<std::uint64_t>(static_cast<unsigned char>(p[i])); };
      return at(0) << 16 | at(n / 2) << 8 | at(n - 1);
    }
    if (n <= 8) return load<std::uint32_t>(p) << 32 | load<std::uint32_t>(p + n - 4);
    std::uint64_t hash = 0;
    for (; n > 8; n -= 8, p += 8) {
      hash = (hash ^ load<std::uint64_t>(p)) * 0xD6E8FEB86659FD93u;
      hash ^= hash >> 32;
    }
    return (hash ^ load<std::uint64_t>(p + n - 8)) * 0xD6E8FEB86659FD93u;
  }

  std::vector<Entry> entries_{};
  unsigned shift_ = 63;
};

}  // namespace weft::detail
