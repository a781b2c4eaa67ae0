// What a drafter is: a guess at the tokens to come, which speculative() checks in one pass.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/core/token.hpp"

namespace weft {

/// Tokens that may come next, in order, and how sure the drafter is of each, given that those before it come. A draft may be a tree.
struct Draft {
  static constexpr std::uint8_t most_trust = 31;
  static constexpr std::int32_t root = -1;  ///< the parent of what follows the text

  std::vector<Token> tokens{};
  /// Per token, 0 to most_trust: a class of the drafter's own. How often each class holds is measured; at first more is surer.
  std::vector<std::uint8_t> trust{};
  /// Per token, which one it follows: an earlier index, or root. Where there is no entry, the one before it.
  std::vector<std::int32_t> parents{};

  /// Adds a token that follows the last one added.
  void add(Token token, std::uint8_t how_sure);
  /// Adds a token that follows the one of index `parent`, or, of root, the text. What is added next follows this one.
  void add_after(std::int32_t parent, Token token, std::uint8_t how_sure);
  [[nodiscard]] std::int32_t parent(std::size_t i) const noexcept {
    return i < parents.size() ? parents[i] : static_cast<std::int32_t>(i) - 1;
  }
  /// Keeps the first `count` tokens.
  void cut(std::size_t count);
  void clear() noexcept {
    tokens.clear();
    trust.clear();
    parents.clear();
  }
  [[nodiscard]] std::size_t size() const noexcept { return tokens.size(); }
};

/// A callable `void(std::span<const Token> history, std::size_t most, Draft& draft)` that adds up to `most` tokens to an empty
/// draft, of all branches together. history: the text so far, longer by one or more tokens each time: what was accepted is learned from it. Drafters are
/// values: each generation works on a copy. Any token may be guessed: a bad guess costs time, never the text.
/// Optional member `void prepare(std::size_t vocab, std::size_t positions)`: called once before a generation.
/// Optional member `void ran(std::size_t position, std::span<const Token> path, const auto& after)`: called after each pass of speculative()
/// for each path that it ran: the text's last token, at `position`, and the drafted ones. after(i): the logits after path[i], [vocab].
template <class D>
concept Drafter = std::copy_constructible<D> && std::invocable<D&, std::span<const Token>, std::size_t, Draft&>;

namespace detail {

/// The trust in what once followed a run of `length` tokens. kind, 0 to 3: how else the evidence stands.
constexpr std::uint8_t trust_of_match(std::size_t length, unsigned kind) noexcept {
  constexpr std::size_t steps[] = {2, 3, 4, 5, 7, 10, 16};  // 1, 2, 3, 4, 5 to 6, 7 to 9, 10 to 15, more
  unsigned step = 0;
  while (step < 7 && length >= steps[step]) ++step;
  return static_cast<std::uint8_t>(4 * step + kind);
}

}  // namespace detail
}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/decode/drafter.ipp"
#endif
