// A drafter that knows the text to come and errs as often as it is told to: also with ids that no vocabulary has, and with too many.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "weft/core/philox.hpp"
#include "weft/decode/draft_length.hpp"
#include "weft/decode/drafter.hpp"

namespace weft::test {

/// Any drafter, as one type: generations and searches are costly to compile.
using AnyDrafter = std::function<void(std::span<const Token>, std::size_t, Draft&)>;

/// Passes that cost the same whatever their width: as much is drafted as can be.
inline SpeculativeOptions eager(std::int64_t most = 6) {
  return {.most = most, .pass_cost = [](std::int64_t) { return 1.0; }, .draft_cost = [](std::int64_t) { return 0.0; }};
}

struct OracleDrafter {
  std::vector<Token> text{};  ///< prompt and continuation
  double right = 1;           ///< probability that a token is guessed right
  std::size_t vocab = 2;
  std::uint64_t seed = 0;
  std::size_t right_until = SIZE_MAX;  ///< after so many tokens of the text every guess is wrong
  int trust = -1;             ///< of every token; random below 0

  void operator()(std::span<const Token> history, std::size_t most, Draft& draft) {
    if (most == 0) return;
    for (std::size_t i = 0; i < most + seed % 2; ++i) {
      const std::size_t at = history.size() + i;
      const double u = uniform(seed, at, history.size());
      const bool knows = at < text.size() && u < right && at < right_until;
      const auto wrong = static_cast<Token>(u * 997 * static_cast<double>(vocab)) % static_cast<Token>(vocab);
      const bool avoid = at < text.size() && wrong == text[at];
      draft.add(knows ? text[at] : avoid ? (wrong + 1) % static_cast<Token>(vocab) : wrong, static_cast<std::uint8_t>(trust < 0 ? 40 * u : trust));
    }
    if (seed % 7 == 3) draft.tokens.back() = static_cast<Token>(vocab);  // no such token
    if (seed % 7 == 4) draft.tokens.back() = -1;
    if (seed % 7 == 5) draft.trust.pop_back();
    if (seed % 7 == 6) draft.trust.assign(draft.tokens.size(), 200);
  }
};

/// An oracle that guesses a tree: each token follows the text or any token before it, and is right as often as it is told to be where that
/// place is right. Also with parents that do not exist or come later.
struct OracleTree {
  OracleDrafter oracle{};

  void operator()(std::span<const Token> history, std::size_t most, Draft& draft) {
    std::vector<std::size_t> depths;
    const auto seed = oracle.seed;
    for (std::size_t i = 0; i < most + seed % 2; ++i) {
      const double u = uniform(seed + 1, history.size(), 3 * i), v = uniform(seed + 1, history.size(), 3 * i + 1);
      // mostly a path that goes on, sometimes a branch from anywhere
      const auto parent = u < 0.6 ? static_cast<std::int32_t>(i) - 1 : static_cast<std::int32_t>(v * static_cast<double>(i + 1)) - 1;
      const std::size_t depth = parent < 0 ? 0 : depths[static_cast<std::size_t>(parent)], at = history.size() + depth;
      const double w = uniform(seed + 1, history.size(), 3 * i + 2);
      const bool right = at < oracle.text.size() && w < oracle.right && at < oracle.right_until;
      const auto guess = right ? oracle.text[at] : static_cast<Token>(w * 997 * static_cast<double>(oracle.vocab)) % static_cast<Token>(oracle.vocab);
      depths.push_back(depth + 1);
      draft.add_after(parent, guess, static_cast<std::uint8_t>(oracle.trust < 0 ? 40 * w : oracle.trust));
    }
    if (draft.size() == 0) return;
    if (seed % 9 == 3) draft.parents.back() = static_cast<std::int32_t>(draft.size());
    if (seed % 9 == 4) draft.parents.back() = -2;
    if (seed % 9 == 5) draft.parents.pop_back();
    if (seed % 9 == 6) draft.parents.front() = 0;
    if (seed % 9 == 7) draft.tokens.back() = static_cast<Token>(oracle.vocab);
    if (seed % 9 == 8) draft.parents.push_back(1000), draft.trust.pop_back();
  }
};

}  // namespace weft::test
