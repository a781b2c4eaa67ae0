// A set of texts with numbers, to be found as prefixes of a text: a trie whose edges lie in one hash table. Not API.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "weft/core/error.hpp"
#include "weft/core/token.hpp"

namespace weft::detail {

class ByteTrie {
 public:
  static constexpr std::uint32_t root = 0;
  static constexpr std::uint32_t none = 0xFFFFFFFF;
  static constexpr std::size_t longest_text = 1024;

  /// Of equal texts the last counts; empty ones are ignored. bytes: of all texts together, at most that many nodes are made.
  void reserve(std::size_t bytes) { grow(std::bit_ceil(bytes * 2 + 16)); }

  /// Throws Error(unsupported) for more than `longest_text` bytes: from every place of a text one would walk along it.
  void add(std::string_view text, Token id) {
    if (text.size() > longest_text)
      fail(ErrorKind::unsupported, "vocabulary: token ", id, " has ", text.size(), " bytes, at most ", longest_text, " are supported");
    std::uint32_t node = root;
    for (const char c : text) node = child_or_new(node, static_cast<unsigned char>(c));
    if (node != root) ids_[node] = id;
  }

  /// The node that a byte leads to, or none.
  [[nodiscard]] std::uint32_t child(std::uint32_t node, unsigned char byte) const noexcept {
    const std::uint64_t key = key_of(node, byte);
    for (std::size_t at = hash(key);; at = (at + 1) & mask_) {
      if (slots_[at].key == key) return slots_[at].node;
      if (slots_[at].key == empty) return none;
    }
  }
  /// The node that a text leads to, or none.
  [[nodiscard]] std::uint32_t descend(std::uint32_t node, std::string_view text) const noexcept {
    for (std::size_t i = 0; i < text.size() && node != none; ++i) node = child(node, static_cast<unsigned char>(text[i]));
    return node;
  }
  /// The number of the text that ends here, or -1.
  [[nodiscard]] Token id(std::uint32_t node) const noexcept { return ids_[node]; }

  struct Match {
    Token id = -1;
    std::size_t length = 0;  ///< in bytes
  };
  /// The longest text below a node (which may be none) that `text` begins with, of those with allowed(id); id -1 where there is none.
  template <class Allowed>
  [[nodiscard]] Match longest(std::string_view text, std::uint32_t node, const Allowed& allowed) const noexcept {
    Match best;
    for (std::size_t i = 0; node != none && i < text.size(); ++i) {
      node = child(node, static_cast<unsigned char>(text[i]));
      if (node != none && id(node) >= 0 && allowed(id(node))) best = {id(node), i + 1};
    }
    return best;
  }
  [[nodiscard]] Match longest(std::string_view text) const noexcept {
    return longest(text, root, [](Token) { return true; });
  }

 private:
  struct Slot {
    std::uint64_t key = empty;
    std::uint32_t node = none;
  };
  static constexpr std::uint64_t empty = ~std::uint64_t{0};

  static std::uint64_t key_of(std::uint32_t node, unsigned char byte) noexcept { return static_cast<std::uint64_t>(node) << 8 | byte; }
  [[nodiscard]] std::size_t hash(std::uint64_t key) const noexcept { return static_cast<std::size_t>(key * 0x9E3779B97F4A7C15u >> 20) & mask_; }

  std::uint32_t child_or_new(std::uint32_t node, unsigned char byte) {
    if (const std::uint32_t found = child(node, byte); found != none) return found;
    if (ids_.size() * 2 > mask_) grow((mask_ + 1) * 2);
    const auto made = static_cast<std::uint32_t>(ids_.size());
    ids_.push_back(-1);
    insert({key_of(node, byte), made});
    return made;
  }
  void insert(const Slot& slot) {
    std::size_t at = hash(slot.key);
    while (slots_[at].key != empty) at = (at + 1) & mask_;
    slots_[at] = slot;
  }
  void grow(std::size_t capacity) {
    const std::vector<Slot> old = std::move(slots_);
    slots_.assign(capacity, Slot{});
    mask_ = capacity - 1;
    for (const auto& slot : old)
      if (slot.key != empty) insert(slot);
  }

  std::vector<Slot> slots_ = std::vector<Slot>(16);
  std::vector<Token> ids_{-1};  // [nodes]
  std::size_t mask_ = 15;
};

}  // namespace weft::detail
