// Several continuations of one prompt, side by side: forks that share the prompt, and one pass a step over all of them. Each is what
// it would be alone: continuation i is that of Options::branch + i.
#pragma once

#include <algorithm>
#include <atomic>
#include <concepts>
#include <exception>
#include <span>
#include <stop_token>
#include <utility>
#include <vector>

#include "weft/core/thread_pool.hpp"
#include "weft/decode/generation.hpp"

namespace weft::detail {

/// Models whose threads may be borrowed between two passes.
template <class S>
concept HasPool = requires(const S& s) {
  { s.model().pool() } -> std::same_as<ThreadPool&>;
};

/// Generations that go on side by side: their choices, and a pass over all that wait for one, in turn.
template <DecodableSequence S>
class Rounds {
 public:
  explicit Rounds(std::vector<Generation<S>>& lanes) : lanes_(lanes) {}

  /// Lets every lane choose its next token, and hands that to whoever wants it. False when all are over.
  bool choose() {
    open_.clear();
    for (auto& lane : lanes_)
      if (!lane.over()) open_.push_back(&lane);
    if constexpr (HasPool<S>) {
      if (open_.size() > 1 && std::all_of(open_.begin(), open_.end(), [](const auto* lane) { return lane->chooses_apart(); }))
        return choose_apart(open_.front()->sequence().model().pool());
    }
    rooms_.resize(std::max<std::size_t>(1, rooms_.size()));
    for (auto* lane : open_)
      if (lane->advance(rooms_.front())) lane->tell();
    return !open_.empty();
  }

  /// Appends to every lane that waits the token that it chose.
  void pass(const std::stop_token& cancel) {
    open_.clear(), sequences_.clear(), tokens_.clear();
    for (auto& lane : lanes_) {
      if (lane.over() || !lane.waiting()) continue;
      open_.push_back(&lane);
      sequences_.push_back(&lane.sequence());
      tokens_.push_back(*lane.waiting());
    }
    if (open_.empty()) return;
    const auto run = [&] { append_to_each(std::span<S* const>(sequences_), std::span<const Token>(tokens_), cancel); };
    if (!unless_cancelled(cancel, run)) return;  // every lane sees it and ends by itself
    for (auto* lane : open_) lane->settled();
  }

 private:
  /// All at the same time. What a lane throws is thrown when all have chosen, the first in their order.
  bool choose_apart(ThreadPool& pool) {
    errors_.assign(open_.size(), nullptr);
    rooms_.resize(static_cast<std::size_t>(pool.size()));
    std::atomic<std::size_t> next{0};
    pool.run([&](Team& team) {
      auto& room = rooms_[static_cast<std::size_t>(team.worker())];
      for (std::size_t i = 0; (i = next.fetch_add(1, std::memory_order_relaxed)) < open_.size();) {
        try {
          (void)open_[i]->advance(room);
        } catch (...) {
          errors_[i] = std::current_exception();
        }
      }
    });
    for (const auto& error : errors_)
      if (error) std::rethrow_exception(error);
    return true;
  }

  std::vector<Generation<S>>& lanes_;
  std::vector<Generation<S>*> open_;
  std::vector<S*> sequences_;
  std::vector<Token> tokens_;
  std::vector<std::exception_ptr> errors_;  // of the open ones
  std::vector<std::vector<float>> rooms_;   // of each worker
};

/// Runs generations to their ends, one pass a round over all that wait.
template <DecodableSequence S>
std::vector<Result> run_together(std::vector<Generation<S>>& lanes, const std::stop_token& cancel) {
  Rounds<S> rounds(lanes);
  do rounds.pass(cancel);
  while (rounds.choose());
  std::vector<Result> results;
  for (auto& lane : lanes) results.push_back(lane.result());
  return results;
}

/// n continuations of root + prompt. chain_of(i): the chain of continuation i. Where the prompt is cancelled: one result that says so.
template <DecodableSequence S, class ChainOf>
std::vector<Result> continue_together(S root, std::span<const Token> prompt, std::size_t n, const Options& options, ChainOf&& chain_of) {
  Recording<TokenizerOf<S>> recording(root, prompt.size(), options);
  if (!prefill(root, prompt, options, recording.stats())) {
    recording.end_cancelled();
    return {recording.result()};
  }
  std::vector<Generation<S>> lanes;
  lanes.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    Options own = options;
    own.branch += i;
    own.on_piece = nullptr;
    auto sampler = any_sampler(chain_of(i));
    lanes.emplace_back(i + 1 < n ? root.fork() : std::move(root), std::vector<Token>(), std::move(sampler), std::move(own));
  }
  auto results = run_together(lanes, options.cancel);
  for (auto& r : results) {
    r.stats.prefilled_tokens = recording.stats().prefilled_tokens;
    r.stats.prefill_seconds = recording.stats().prefill_seconds;
    r.stats.prefill_tps = recording.stats().prefill_tps;
  }
  return results;
}

/// Best score first, and no more than `returned`.
void keep_best(std::vector<Result>& results, std::int64_t returned);

/// Throws weft::Error(argument) unless 1 <= returned <= samples.
void check_samples(std::int64_t samples, std::int64_t returned);

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/decode/together.ipp"
#endif
