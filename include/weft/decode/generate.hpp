// generate() and run(): a whole continuation at once, by any strategy.
#pragma once

#include "weft/decode/strategy.hpp"
#include "weft/decode/stream.hpp"

namespace weft {

namespace detail {

template <class Stream>
Result drain(Stream& pieces, const Options& options) {
  for (const Piece& piece : pieces)
    if (options.on_piece) options.on_piece(piece);
  return pieces.result();
}

template <DecodableSequence S, class How>
std::vector<Result> generate_with(S sequence, std::vector<Token> prompt, const How& strategy, const Options& options) {
  if constexpr (Searches<How, S>) {
    return strategy.search(std::move(sequence), std::move(prompt), options);
  } else {
    StreamFor<How, S> pieces(std::in_place, std::move(sequence), std::move(prompt), streamed(strategy), options);
    std::vector<Result> results;
    results.push_back(drain(pieces, options));
    return results;
  }
}

}  // namespace detail

/// Continues the prompt by the strategy: one Result for a chain, those of a search best first.
/// prompt: text or tokens, as for stream(). Errors as stream(); ends that are expected are Result::stop, not errors.
template <DecodableModel Model, detail::Prompt P, class How>
  requires StrategyFor<How, decltype(make_sequence(std::declval<const Model&>()))>
std::vector<Result> generate(const Model& model, const P& prompt, const How& strategy, const Options& options = {}) {
  return detail::generate_with(make_sequence(model), detail::prompt_tokens(model, detail::prompt_view(prompt)), strategy, options);
}

/// Continues the prompt after what the sequence holds, as stream(sequence, prompt, ...) does.
template <class S, detail::Prompt P, class How>
  requires(DecodableSequence<S> && !std::is_reference_v<S> && StrategyFor<How, S>)
std::vector<Result> generate(S&& sequence, const P& prompt, const How& strategy, const Options& options = {}) {
  auto tokens = detail::prompt_after(sequence, detail::prompt_view(prompt));
  return detail::generate_with(std::move(sequence), std::move(tokens), strategy, options);
}

/// Continues a sequence and leaves it as it is: the results of a search, or the one Result of a chain, on forks.
template <DecodableSequence S, class How>
  requires StrategyFor<How, S>
std::vector<Result> generate(const S& sequence, const How& strategy, const Options& options = {}) {
  return detail::generate_with(sequence.fork(), {}, strategy, options);
}

/// Continues a sequence and extends it by the tokens of the (best) result. A temporary (`prompt.fork()`) is not
/// extended past what the search needs.
template <class S, class How>
  requires(DecodableSequence<std::remove_cvref_t<S>> && StrategyFor<How, std::remove_cvref_t<S>>)
Result run(S&& sequence, const How& strategy, const Options& options = {}) {
  if constexpr (Searches<How, std::remove_cvref_t<S>>) {
    auto best = std::move(generate(sequence, strategy, options).at(0));
    if constexpr (std::is_lvalue_reference_v<S>)
      if (!best.tokens.empty()) sequence.append(std::span<const Token>(best.tokens));
    return best;
  } else {
    auto pieces = stream(std::forward<S>(sequence), strategy, options);
    return detail::drain(pieces, options);
  }
}

}  // namespace weft
