// A drafter that knows the text to come and errs as often as it is told to: also with ids that no vocabulary has, and with too many.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "weft/core/philox.hpp"
#include "weft/decode/drafter.hpp"

namespace weft::test {

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

}  // namespace weft::test
