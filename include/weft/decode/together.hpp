// Several continuations of one prompt, side by side: forks that share the prompt, and one pass a step over all of them. Each is what
// it would be alone: continuation i is that of Options::branch + i.
#pragma once

#include <utility>
#include <vector>

#include "weft/decode/generation.hpp"

namespace weft::detail {

/// Runs generations to their ends, one pass a round over all that wait.
template <DecodableSequence S>
std::vector<Result> run_together(std::vector<Generation<S>>& lanes, const std::stop_token& cancel) {
  std::vector<Generation<S>*> waiting;
  std::vector<S*> sequences;
  std::vector<Token> tokens;
  for (bool going = true; going;) {
    waiting.clear(), sequences.clear(), tokens.clear();
    for (auto& lane : lanes) {
      if (lane.over() || !lane.waiting()) continue;
      waiting.push_back(&lane);
      sequences.push_back(&lane.sequence());
      tokens.push_back(*lane.waiting());
    }
    // where that is cancelled, every lane sees it and ends by itself
    if (!sequences.empty() && unless_cancelled(cancel, [&] {
          append_to_each(std::span<S* const>(sequences), std::span<const Token>(tokens), cancel);
        }))
      for (auto* lane : waiting) lane->settled();
    going = false;
    for (auto& lane : lanes) {
      if (!lane.advance()) continue;
      going = true;
      lane.tell();
    }
  }
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
