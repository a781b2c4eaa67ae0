// A suffix automaton of a growing text: the smallest machine that knows every run of tokens in it, with how often each occurred.
// Source: Blumer et al. 1985, "The smallest automaton recognizing the subwords of a text".
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/core/token.hpp"

namespace weft::detail {

/// States stand for sets of runs that end at the same places. At most 2 states and 3 edges a token.
class SuffixAutomaton {
 public:
  using State = std::uint32_t;
  struct Edge {
    State source;
    Token token;
    State target;
    std::uint32_t next;  ///< another edge of the source, or none
  };

  SuffixAutomaton();

  void reserve(std::size_t tokens);
  void clear();
  /// Appends a token to the text. Amortised O(1).
  void push(Token token);
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// The longest run at the end of the text that also ends somewhere else; the state of length 0 where there is none.
  [[nodiscard]] State match() const noexcept { return shorter(last_); }
  /// The longest run of the state, in tokens.
  [[nodiscard]] std::uint32_t length(State state) const noexcept { return states_[state].length; }
  /// How often it occurs; of runs whose end has more than 64 different contexts, about.
  [[nodiscard]] std::uint32_t count(State state) const noexcept { return states_[state].count; }
  /// The state of the longest end of this state's runs that occurs elsewhere too; the empty run's is itself.
  [[nodiscard]] State shorter(State state) const noexcept { return state == 0 ? 0 : states_[state].link; }
  /// What followed most often, of equals the latest; null where nothing did but the tokens `without`. O(different tokens that followed).
  [[nodiscard]] const Edge* likeliest(State state, std::span<const Token> without = {}) const noexcept;

 private:
  struct Node {
    std::uint32_t length = 0;
    State link = none;        // suffix link
    std::uint32_t edges = none;  // the first edge
    std::uint32_t count = 0;  // occurrences
    std::uint32_t latest = 0;  // where the latest of them ends
  };
  static constexpr std::uint32_t none = 0xFFFFFFFF;

  [[nodiscard]] std::size_t slot_of(State state, Token token) const noexcept;
  [[nodiscard]] std::uint32_t find(State state, Token token) const noexcept { return slots_[slot_of(state, token)]; }
  void add_edge(State source, Token token, State target);
  void rehash(std::size_t slots);
  State split(State parent, State child);
  void occurred(State state);

  std::vector<Node> states_;
  std::vector<Edge> edges_;
  std::vector<std::uint32_t> slots_;  // hash table of (state, token): indices into edges_, a power of two of them
  State last_ = 0;
  std::size_t size_ = 0;
};

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/decode/suffix_automaton.ipp"
#endif
