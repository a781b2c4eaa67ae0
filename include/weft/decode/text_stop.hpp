// Stop strings in streamed text: finds the first one that is completed, and says how much of the text is safe to show.
// Source: Aho and Corasick 1975, "Efficient string matching": linear in the text, whatever the number of strings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/config.hpp"

namespace weft {

/// The automaton of a set of stop strings. Immutable once built; a matcher's whole state is one `Node`.
class StopStrings {
 public:
  using Node = std::uint32_t;
  static constexpr Node start = 0;

  StopStrings();
  /// Throws weft::Error(argument) for an empty string, and for one that begins inside a UTF-8 character.
  explicit StopStrings(std::span<const std::string> strings);

  [[nodiscard]] bool empty() const noexcept { return nodes_.size() == 1; }

  /// The state after one more byte. Amortised O(1) steps back per byte.
  [[nodiscard]] Node next(Node node, char byte) const noexcept {
    for (;;) {
      if (const Node to = child(node, static_cast<unsigned char>(byte))) return to;
      if (node == start) return start;
      node = nodes_[node].fallback;
    }
  }
  /// Bytes at the end of the text that may yet become a stop string: not to be shown.
  [[nodiscard]] std::size_t held(Node node) const noexcept { return nodes_[node].depth; }
  /// Index of the longest stop string that ends here, or -1.
  [[nodiscard]] std::int32_t found(Node node) const noexcept { return nodes_[node].found; }

 private:
  struct Entry {
    Node first_child = 0, sibling = 0;  // 0: none, since the root is nobody's child
    Node fallback = 0;                  // longest proper suffix that also begins a stop string
    std::uint32_t depth = 0;
    std::int32_t found = -1;
    unsigned char byte = 0;
  };

  [[nodiscard]] Node child(Node node, unsigned char byte) const noexcept {
    Node at = nodes_[node].first_child;
    while (at != 0 && nodes_[at].byte != byte) at = nodes_[at].sibling;
    return at;
  }

  void insert(std::string_view string, std::int32_t index);

  void link();

  std::vector<Entry> nodes_;
};

/// Text as it grows, cut before the first stop string. What may become one is held back until that is decided.
class StopText {
 public:
  explicit StopText(std::size_t reserve = 0) { text_.reserve(reserve); }

  /// Adds text; true when a stop string is now complete: the text ends before it, and more must not be added.
  /// Of several that end at the same byte the longest counts.
  bool push(const StopStrings& stops, std::string_view more);
  /// Ends the text at the start of the string that push() found, of `length` bytes.
  void cut(std::size_t length) {
    text_.resize(text_.size() - length);
    node_ = StopStrings::start;
  }
  [[nodiscard]] std::int32_t found() const noexcept { return found_; }

  /// Text that may be shown and was not taken yet. `all`: the end has come, nothing is held back. The view is valid
  /// until the text grows.
  std::string_view take(const StopStrings& stops, bool all) {
    const std::size_t safe = all ? text_.size() : text_.size() - stops.held(node_);
    const auto part = std::string_view(text_).substr(taken_, safe - taken_);
    taken_ = safe;
    return part;
  }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
  std::size_t taken_ = 0;
  StopStrings::Node node_ = StopStrings::start;
  std::int32_t found_ = -1;
};

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/decode/text_stop.ipp"
#endif
