// Definitions of decode/lookahead.hpp.
#pragma once

#include "weft/decode/lookahead.hpp"

namespace weft {

WEFT_INLINE Lookahead lookahead(const LookaheadOptions& options) {
  const auto within = [](std::int64_t x, std::int64_t least, std::int64_t most) { return x >= least && x <= most; };
  if (!within(options.window, 1, 64) || !within(options.ngram, 2, 16) || !within(options.candidates, 1, 64))
    fail(ErrorKind::argument, "lookahead with a window of ", options.window, ", runs of ", options.ngram, " tokens and ", options.candidates,
         " candidates: expected 1 to 64, 2 to 16, 1 to 64");
  return Lookahead(options);
}

WEFT_INLINE void Lookahead::operator()(std::span<const Token> history, std::size_t most, Draft& draft) {
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

WEFT_INLINE Token Lookahead::likeliest(std::span<const float> logits) {
  return static_cast<Token>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

WEFT_INLINE bool Lookahead::is_window(std::span<const Token> path) const {
  return path.size() <= guesses_.size() + 1 && std::equal(path.begin() + 1, path.end(), guesses_.begin());
}

WEFT_INLINE void Lookahead::take(Step step) {
  if (!steps_.empty() && steps_.back().first == step.first) {  // another, longer or shorter part of the same guesses
    if (steps_.back().tokens.size() >= step.tokens.size()) return;
    steps_.pop_back();
  }
  steps_.push_back(std::move(step));
  if (steps_.size() > ngram_) steps_.erase(steps_.begin());
  if (steps_.size() == ngram_) keep_runs();
}

WEFT_INLINE void Lookahead::keep_runs() {
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

WEFT_INLINE void Lookahead::insert(const std::vector<Token>& path, std::size_t most, std::uint8_t trust, Draft& draft) {
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

WEFT_INLINE Lookahead::Lookahead(const LookaheadOptions& options) : window_(static_cast<std::size_t>(options.window)), ngram_(static_cast<std::size_t>(options.ngram)),
      candidates_(static_cast<std::size_t>(options.candidates)) {}

}  // namespace weft
