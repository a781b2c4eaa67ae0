// Lookahead decoding: the model drafts for itself, without another one. A window of guesses runs beside the text; what the model says after
// each guess is the next guess one place further on (Jacobi iteration), and runs of n tokens along these trajectories are kept and tried
// where the text comes to their first token. Source: Fu et al. 2024, arXiv:2402.02057; the iteration: Santilli et al. 2023, arXiv:2305.10427.
#pragma once

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/core/error.hpp"
#include "weft/decode/drafter.hpp"

namespace weft {

struct LookaheadOptions {
  std::int64_t window = 7;      ///< guesses that are carried on, at the places after the text
  std::int64_t ngram = 4;       ///< tokens of a run that is kept
  std::int64_t candidates = 4;  ///< runs that begin with one token: so many are kept, and tried as branches
};

/// The guesses themselves are a draft too, and how much of a draft is run is what speculative() finds to pay: where rows cost, the window
/// is soon left out, and with it what could be learned.
class Lookahead {
 public:
  explicit Lookahead(const LookaheadOptions& options);

  void operator()(std::span<const Token> history, std::size_t most, Draft& draft);

  template <class LogitsAfter>
  void ran(std::size_t position, std::span<const Token> path, const LogitsAfter& after) {
    if (!is_window(path)) return;
    Step step{position + 1, {}};
    for (std::size_t i = 0; i < path.size(); ++i) step.tokens.push_back(likeliest(after(i)));
    take(std::move(step));
  }

 private:
  static constexpr std::uint8_t trust_in_run = 16;
  static constexpr std::size_t most_keys = 1 << 16;  // first tokens that are known: then all is forgotten

  /// What the model said for the places from `first` on.
  struct Step {
    std::size_t first;
    std::vector<Token> tokens;
    [[nodiscard]] const Token* at(std::size_t place) const {
      return place >= first && place - first < tokens.size() ? &tokens[place - first] : nullptr;
    }
  };

  static Token likeliest(std::span<const float> logits);
  /// The window's path: the others say nothing about places ahead that is not in the runs they came from.
  [[nodiscard]] bool is_window(std::span<const Token> path) const;
  void take(Step step);
  /// Runs along the trajectories: a place in the oldest step, the next place in the step after it, and so on.
  void keep_runs();
  /// Adds a path to the tree, as far as it is not there and there is room.
  static void insert(const std::vector<Token>& path, std::size_t most, std::uint8_t trust, Draft& draft);

  std::size_t window_, ngram_, candidates_;
  std::vector<Step> steps_;  // the latest last, `ngram` at most
  std::unordered_map<Token, std::vector<std::vector<Token>>> runs_;  // what followed a token, without it
  std::vector<Token> guesses_, run_;
};

/// Drafts without a model and without a text that repeats: speculative(greedy(), lookahead()). It wants passes of which rows cost little.
/// Throws weft::Error(argument) for a window outside [1, 64], ngram outside [2, 16] or candidates outside [1, 64].
Lookahead lookahead(const LookaheadOptions& options = {});

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/decode/lookahead.ipp"
#endif
