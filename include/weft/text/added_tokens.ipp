// Building and walking the automaton.
#pragma once

#include <algorithm>
#include <functional>

#include "weft/text/added_tokens.hpp"

namespace weft::detail {

WEFT_INLINE AddedTokens::AddedTokens(const std::vector<std::pair<std::string_view, Token>>& tokens) {
  nodes_.emplace_back();
  for (const auto& [text, id] : tokens) {
    std::uint32_t node = 0;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      std::uint32_t next = node == 0 ? root_[byte] : child(node, byte);
      if (next == 0) {
        next = static_cast<std::uint32_t>(nodes_.size());
        nodes_.emplace_back();
        nodes_[next].length = nodes_[node].length + 1;
        auto& edges = nodes_[node].edges;
        const std::pair<unsigned char, std::uint32_t> edge{byte, next};
        edges.insert(std::upper_bound(edges.begin(), edges.end(), edge), edge);
        if (node == 0) root_[byte] = next;
      }
      node = next;
    }
    if (node != 0 && nodes_[node].id < 0) nodes_[node].id = id;
  }
  link();
}

WEFT_INLINE std::uint32_t AddedTokens::child(std::uint32_t node, unsigned char byte) const noexcept {
  const auto& edges = nodes_[node].edges;
  const auto found = std::lower_bound(edges.begin(), edges.end(), byte, [](const auto& edge, unsigned char value) { return edge.first < value; });
  return found != edges.end() && found->first == byte ? found->second : 0;
}

WEFT_INLINE std::uint32_t AddedTokens::step(std::uint32_t node, unsigned char byte) const noexcept {
  for (; node != 0; node = nodes_[node].fail)
    if (const std::uint32_t next = child(node, byte); next != 0) return next;
  return root_[byte];
}

WEFT_INLINE void AddedTokens::link() {
  // Breadth first: a node's suffix link leads to a shorter text, whose own links are there already.
  std::vector<std::uint32_t> order{0};
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::uint32_t node = order[i];
    nodes_[node].output = nodes_[node].id >= 0 ? node : nodes_[nodes_[node].fail].output;
    for (const auto& [byte, next] : nodes_[node].edges) {
      nodes_[next].fail = node == 0 ? 0 : step(nodes_[node].fail, byte);
      order.push_back(next);
    }
  }
}

WEFT_INLINE std::vector<AddedTokens::Found> AddedTokens::find(std::string_view text) const {
  std::vector<Found> found;
  if (empty()) return found;
  // Most texts have none: look before taking memory.
  std::uint32_t node = 0;
  bool any = false;
  for (std::size_t i = 0; i < text.size() && !any; ++i) {
    node = step(node, static_cast<unsigned char>(text[i]));
    any = nodes_[node].output != 0;
  }
  if (!any) return found;

  std::vector<std::uint32_t> ends(text.size());  // the longest token not yet tried that ends with this byte
  std::vector<bool> occurs;                      // by length
  node = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    node = step(node, static_cast<unsigned char>(text[i]));
    ends[i] = nodes_[node].output;
    for (std::uint32_t end = ends[i]; end != 0; end = nodes_[nodes_[end].fail].output) {
      if (occurs.size() <= nodes_[end].length) occurs.resize(nodes_[end].length + 1);
      occurs[nodes_[end].length] = true;
    }
  }
  std::vector<bool> taken(text.size());
  for (std::size_t length = occurs.size(); length-- > 1;) {
    if (!occurs[length]) continue;
    for (std::size_t i = length - 1; i < text.size(); ++i) {
      const std::uint32_t end = ends[i];
      if (end == 0 || nodes_[end].length < length) continue;
      ends[i] = nodes_[nodes_[end].fail].output;
      const std::size_t begin = i + 1 - length;
      // What was taken is at least as long: an overlap covers an end of this one.
      if (taken[begin] || taken[i]) continue;
      std::fill_n(taken.begin() + static_cast<std::ptrdiff_t>(begin), length, true);
      found.push_back({begin, length, nodes_[end].id});
    }
  }
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.begin < b.begin; });
  return found;
}

WEFT_INLINE std::vector<AddedTokens::Found> AddedTokens::find_leftmost(std::string_view text) const {
  std::vector<Found> found;
  if (empty()) return found;
  std::uint32_t node = 0;
  Found best{0, 0, -1};  // the leftmost that ended so far; the longest of those that begin there
  for (std::size_t i = 0; i < text.size();) {
    node = step(node, static_cast<unsigned char>(text[i++]));
    if (const std::uint32_t end = nodes_[node].output; end != 0) {
      const std::size_t length = nodes_[end].length;
      if (best.id < 0 || i - length <= best.begin) best = {i - length, length, nodes_[end].id};
    }
    // What the automaton still follows begins at i - (depth of the node): beyond best.begin nothing better can come.
    if (best.id >= 0 && (i == text.size() || i - nodes_[node].length > best.begin)) {
      found.push_back(best);
      i = best.begin + best.length;
      node = 0;
      best.id = -1;
    }
  }
  return found;
}

WEFT_INLINE WholeTokens::WholeTokens(const Vocabulary& vocabulary, bool user_defined) : strip_left_(vocabulary.strip_left), strip_right_(vocabulary.strip_right) {
  std::vector<std::pair<std::string_view, Token>> always, all;
  for (std::size_t i = 0; i < vocabulary.types.size(); ++i) {
    const TokenType type = vocabulary.types[i];
    const std::pair<std::string_view, Token> entry{vocabulary.tokens[i], static_cast<Token>(i)};
    if (type == TokenType::user_defined && !user_defined) continue;
    if (type == TokenType::user_defined) always.push_back(entry);
    if (type == TokenType::user_defined || type == TokenType::control || type == TokenType::unknown) all.push_back(entry);
  }
  user_defined_ = AddedTokens(always);
  all_ = AddedTokens(all);
  std::sort(strip_left_.begin(), strip_left_.end());
  std::sort(strip_right_.begin(), strip_right_.end());
}

inline bool is_c_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

WEFT_INLINE std::size_t WholeTokens::end_of_front(std::string_view text, const AddedTokens::Found& found, std::size_t done) const noexcept {
  std::size_t at = found.begin;
  if (std::binary_search(strip_left_.begin(), strip_left_.end(), found.id))
    while (at > done && is_c_space(text[at - 1])) --at;
  return at;
}

WEFT_INLINE std::size_t WholeTokens::begin_of_rest(std::string_view text, const AddedTokens::Found& found) const noexcept {
  std::size_t at = found.begin + found.length;
  if (std::binary_search(strip_right_.begin(), strip_right_.end(), found.id))
    while (at < text.size() && is_c_space(text[at])) ++at;
  return at;
}

}  // namespace weft::detail
