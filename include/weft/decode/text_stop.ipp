// Definitions of decode/text_stop.hpp.
#pragma once

#include "weft/core/error.hpp"
#include "weft/core/utf8.hpp"
#include "weft/decode/text_stop.hpp"

namespace weft {

WEFT_INLINE StopStrings::StopStrings() : StopStrings(std::span<const std::string>()) {}

WEFT_INLINE StopStrings::StopStrings(std::span<const std::string> strings) : nodes_(1) {
  for (std::size_t i = 0; i < strings.size(); ++i) {
    if (strings[i].empty()) fail(ErrorKind::argument, "stop string ", i, " is empty: it would end every text at once");
    if ((static_cast<unsigned char>(strings[i][0]) & 0xC0) == 0x80)
      fail(ErrorKind::argument, "stop string ", i, " begins inside a UTF-8 character");
    if (!is_utf8(strings[i])) fail(ErrorKind::argument, "stop string ", i, " is no UTF-8, so no text could ever hold it");
    insert(strings[i], static_cast<std::int32_t>(i));
  }
  link();
}

WEFT_INLINE void StopStrings::insert(std::string_view string, std::int32_t index) {
  Node node = start;
  for (const char c : string) {
    const auto byte = static_cast<unsigned char>(c);
    Node to = child(node, byte);
    if (to == 0) {
      to = static_cast<Node>(nodes_.size());
      Entry entry;
      entry.sibling = nodes_[node].first_child;
      entry.depth = nodes_[node].depth + 1;
      entry.byte = byte;
      nodes_.push_back(entry);
      nodes_[node].first_child = to;
    }
    node = to;
  }
  if (nodes_[node].found < 0) nodes_[node].found = index;
}

// breadth first, so that a fallback is complete before those below it are asked for
WEFT_INLINE void StopStrings::link() {
  std::vector<Node> queue{start};
  for (std::size_t i = 0; i < queue.size(); ++i) {
    const Node node = queue[i];
    for (Node at = nodes_[node].first_child; at != 0; at = nodes_[at].sibling) {
      nodes_[at].fallback = node == start ? start : next(nodes_[node].fallback, static_cast<char>(nodes_[at].byte));
      if (nodes_[at].found < 0) nodes_[at].found = nodes_[nodes_[at].fallback].found;
      queue.push_back(at);
    }
  }
}

WEFT_INLINE bool StopText::push(const StopStrings& stops, std::string_view more) {
  if (stops.empty()) {
    text_.append(more);
    return false;
  }
  for (const char byte : more) {
    text_.push_back(byte);
    node_ = stops.next(node_, byte);
    if (stops.found(node_) < 0) continue;
    // the node may be deeper than the string that ends here: "abc" in "xabcd"
    found_ = stops.found(node_);
    return true;
  }
  return false;
}

}  // namespace weft
