// Definitions of decode/suffix_automaton.hpp.
#pragma once

#include <algorithm>
#include <bit>

#include "weft/decode/suffix_automaton.hpp"

namespace weft::detail {

WEFT_INLINE SuffixAutomaton::SuffixAutomaton() { clear(); }

WEFT_INLINE void SuffixAutomaton::reserve(std::size_t tokens) {
  states_.reserve(2 * tokens + 1);
  edges_.reserve(3 * tokens + 1);
  rehash(std::bit_ceil(6 * tokens + 64));
}

WEFT_INLINE void SuffixAutomaton::clear() {
  states_.assign(1, Node{});
  edges_.clear();
  slots_.assign(std::max<std::size_t>(slots_.size(), 64), none);
  last_ = 0;
  size_ = 0;
}

/// Where the edge is, or where it belongs. Linear probing in a table that is at most half full.
WEFT_INLINE std::size_t SuffixAutomaton::slot_of(State state, Token token) const noexcept {
  const std::uint64_t key = std::uint64_t{state} << 32 | static_cast<std::uint32_t>(token);
  const std::uint64_t hash = (key ^ key >> 29) * 0x9E3779B97F4A7C15u;
  std::size_t slot = (hash ^ hash >> 32) & (slots_.size() - 1);
  while (slots_[slot] != none && !(edges_[slots_[slot]].source == state && edges_[slots_[slot]].token == token))
    slot = (slot + 1) & (slots_.size() - 1);
  return slot;
}

WEFT_INLINE void SuffixAutomaton::rehash(std::size_t slots) {
  if (slots <= slots_.size()) return;
  slots_.assign(slots, none);
  for (std::uint32_t e = 0; e < edges_.size(); ++e) slots_[slot_of(edges_[e].source, edges_[e].token)] = e;
}

WEFT_INLINE void SuffixAutomaton::add_edge(State source, Token token, State target) {
  if (2 * (edges_.size() + 1) > slots_.size()) rehash(2 * slots_.size());
  slots_[slot_of(source, token)] = static_cast<std::uint32_t>(edges_.size());
  edges_.push_back({source, token, target, states_[source].edges});
  states_[source].edges = static_cast<std::uint32_t>(edges_.size() - 1);
}

/// A copy of `child` for those of its runs that are one token longer than the runs of `parent`: they have come to occur elsewhere.
WEFT_INLINE SuffixAutomaton::State SuffixAutomaton::split(State parent, State child) {
  const auto copy = static_cast<State>(states_.size());
  states_.push_back(states_[child]);
  states_[copy].length = states_[parent].length + 1;
  states_[copy].edges = none;
  for (auto e = states_[child].edges; e != none; e = edges_[e].next) {
    const Edge edge = edges_[e];
    add_edge(copy, edge.token, edge.target);
  }
  states_[child].link = copy;
  return copy;
}

/// All ends of the text's last run occurred once more. Most have few; a text like "aaaa" has as many as it has tokens, which would be
/// quadratic: beyond 64, counts are estimates.
WEFT_INLINE void SuffixAutomaton::occurred(State state) {
  for (int i = 0; i < 64 && state != 0; ++i, state = states_[state].link) {
    ++states_[state].count;
    states_[state].latest = static_cast<std::uint32_t>(size_);
  }
}

WEFT_INLINE void SuffixAutomaton::push(Token token) {
  const auto now = static_cast<State>(states_.size());
  states_.push_back({states_[last_].length + 1, 0, none, 0, 0});
  State at = last_;
  while (at != none && find(at, token) == none) {
    add_edge(at, token, now);
    at = states_[at].link;
  }
  if (at != none) {
    const State child = edges_[find(at, token)].target;
    if (states_[child].length == states_[at].length + 1) {
      states_[now].link = child;
    } else {
      const State copy = split(at, child);
      states_[now].link = copy;
      for (; at != none; at = states_[at].link) {
        const auto edge = find(at, token);
        if (edge == none || edges_[edge].target != child) break;
        edges_[edge].target = copy;
      }
    }
  }
  last_ = now;
  ++size_;
  occurred(now);
}

WEFT_INLINE const SuffixAutomaton::Edge* SuffixAutomaton::likeliest(State state, std::span<const Token> without) const noexcept {
  const Edge* best = nullptr;
  for (auto e = states_[state].edges; e != none; e = edges_[e].next) {
    const Node& here = states_[edges_[e].target];
    if (std::find(without.begin(), without.end(), edges_[e].token) != without.end()) continue;
    if (!best || here.count > states_[best->target].count ||
        (here.count == states_[best->target].count && here.latest > states_[best->target].latest))
      best = &edges_[e];
  }
  return best;
}

}  // namespace weft::detail
