// Lookahead decoding: the model drafts for itself, without another one. A window of guesses runs beside the text; what the model says after
// each guess is the next guess one place further on (Jacobi iteration), and runs of n tokens along these trajectories are kept and tried
// where the text comes to their first token. Source: Fu et al. 2024, arXiv:2402.02057; the iteration: Santilli et al. 2023, arXiv:2305.10427.
#pragma once

#include <algorithm>
#include <unordered_map>
#include <vector>

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
  explicit Lookahead(const LookaheadOptions& options)
      : window_(static_cast<std::size_t>(options.window)), ngram_(static_cast<std::size_t>(options.ngram)),
        candidates_(static_cast<std::size_t>(options.candidates)) {}

  void operator()(std::span<const Token> history, std::size_t most, Draft& draft) {
    const std::size_t size = history.size();
    if (most == 0 || size == 0) return;
    guesses_.clear();  // for the places size, size + 1, ...: the latest word of the model, then what it said before, then the text itself
    for (std::size_t i = 0; i < std::min(window_, most); ++i) {
      const Token* said = steps_.empty() ? nullptr : steps_.back().at(size + i);
      guesses_.push_back(said ? *said : history[(size + i) % size]);
    }
    if (const auto known = runs_.find(history.back()); known != runs_.end())
      for (auto run = known->second.rbegin(); run != known->second.rend(); ++run) insert(*run, most, trust_in_run, draft);
    insert(guesses_, most, 0, draft);
  }

  template <class LogitsAfter>
  void ran(std::size_t position, std::span<const Token> path, const LogitsAfter& after) {
    // the window's path: the others say nothing about places ahead that is not in the runs they came from
    if (path.size() > guesses_.size() + 1 || !std::equal(path.begin() + 1, path.end(), guesses_.begin())) return;
    Step step{position + 1, {}};
    for (std::size_t i = 0; i < path.size(); ++i) {
      const std::span<const float> logits = after(i);
      step.tokens.push_back(static_cast<Token>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
    }
    if (!steps_.empty() && steps_.back().first == step.first) {  // another, longer or shorter part of the same guesses
      if (steps_.back().tokens.size() >= step.tokens.size()) return;
      steps_.pop_back();
    }
    steps_.push_back(std::move(step));
    if (steps_.size() > ngram_) steps_.erase(steps_.begin());
    if (steps_.size() == ngram_) keep_runs();
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

  /// Runs along the trajectories: a place in the oldest step, the next place in the step after it, and so on.
  void keep_runs() {
    for (std::size_t place = steps_.front().first; steps_.front().at(place); ++place) {
      run_.clear();
      for (std::size_t i = 0; i < ngram_; ++i)
        if (const Token* token = steps_[i].at(place + i)) run_.push_back(*token);
      if (run_.size() < ngram_) continue;
      if (runs_.size() >= most_keys) runs_.clear();
      auto& known = runs_[run_.front()];
      run_.erase(run_.begin());
      known.erase(std::remove(known.begin(), known.end(), run_), known.end());
      known.push_back(run_);  // the latest last
      if (known.size() > candidates_) known.erase(known.begin());
    }
  }
  /// Adds a path to the tree, as far as it is not there and there is room.
  static void insert(const std::vector<Token>& path, std::size_t most, std::uint8_t trust, Draft& draft) {
    std::int32_t node = Draft::root;
    for (const Token token : path) {
      std::int32_t child = node + 1;
      const auto size = static_cast<std::int32_t>(draft.size());
      while (child < size && !(draft.parent(static_cast<std::size_t>(child)) == node && draft.tokens[static_cast<std::size_t>(child)] == token)) ++child;
      if (child == size) {
        if (draft.size() == most) return;
        draft.add_after(node, token, trust);
      }
      node = child;
      if (trust < trust_in_run) ++trust;  // a guess after guesses that held is surer
    }
  }

  std::size_t window_, ngram_, candidates_;
  std::vector<Step> steps_;  // the latest last, `ngram` at most
  std::unordered_map<Token, std::vector<std::vector<Token>>> runs_;  // what followed a token, without it
  std::vector<Token> guesses_, run_;
};

/// Drafts without a model and without a text that repeats: speculative(greedy(), lookahead()). It wants passes of which rows cost little.
/// Throws weft::Error(argument) for a window outside [1, 64], ngram outside [2, 16] or candidates outside [1, 64].
inline Lookahead lookahead(const LookaheadOptions& options = {}) {
  const auto within = [](std::int64_t x, std::int64_t least, std::int64_t most) { return x >= least && x <= most; };
  if (!within(options.window, 1, 64) || !within(options.ngram, 2, 16) || !within(options.candidates, 1, 64))
    fail(ErrorKind::argument, "lookahead with a window of ", options.window, ", runs of ", options.ngram, " tokens and ", options.candidates,
         " candidates: expected 1 to 64, 2 to 16, 1 to 64");
  return Lookahead(options);
}

}  // namespace weft
