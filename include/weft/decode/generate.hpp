// generate() and run(): a whole continuation at once, by any strategy.
#pragma once

#include "weft/decode/beam.hpp"
#include "weft/decode/stream.hpp"

namespace weft {

/// What generate() and run() take: a chain that ends in a pick, or a search.
template <class T>
concept Strategy = PicksTokens<T> || detail::is_beam<T>;

namespace detail {

template <class Stream>
Result drain(Stream& pieces, const Options& options) {
  for (const Piece& piece : pieces)
    if (options.on_piece) options.on_piece(piece);
  return pieces.result();
}

template <DecodableSequence S, class Steps>
std::vector<Result> search(S root, std::vector<Token> prompt, const Beam<Steps>& beam, const Options& options) {
  return BeamSearch<S, Steps>(std::move(root), std::move(prompt), beam, options).run();
}

}  // namespace detail

/// Continues the prompt by the strategy: one Result for a chain, the best `returned` ones, best first, for a beam.
/// prompt: text or tokens, as for stream(). Errors as stream(); ends that are expected are Result::stop, not errors.
template <DecodableModel Model, detail::Prompt P, Strategy How>
std::vector<Result> generate(const Model& model, const P& prompt, const How& strategy, const Options& options = {}) {
  if constexpr (detail::is_beam<How>) {
    return detail::search(make_sequence(model), detail::prompt_tokens(model, detail::prompt_view(prompt)), strategy, options);
  } else {
    auto pieces = stream(model, prompt, strategy, options);
    std::vector<Result> results;
    results.push_back(detail::drain(pieces, options));
    return results;
  }
}

/// Continues the prompt after what the sequence holds, as stream(sequence, prompt, ...) does.
template <class S, detail::Prompt P, Strategy How>
  requires(DecodableSequence<S> && !std::is_reference_v<S>)
std::vector<Result> generate(S&& sequence, const P& prompt, const How& strategy, const Options& options = {}) {
  if constexpr (detail::is_beam<How>) {
    auto tokens = detail::prompt_after(sequence, detail::prompt_view(prompt));
    return detail::search(std::move(sequence), std::move(tokens), strategy, options);
  } else {
    auto pieces = stream(std::move(sequence), prompt, strategy, options);
    std::vector<Result> results;
    results.push_back(detail::drain(pieces, options));
    return results;
  }
}

/// Continues a sequence and leaves it as it is: the n-best of a beam, or the one Result of a chain, on forks.
template <DecodableSequence S, Strategy How>
std::vector<Result> generate(const S& sequence, const How& strategy, const Options& options = {}) {
  if constexpr (detail::is_beam<How>) {
    return detail::search(sequence.fork(), {}, strategy, options);
  } else {
    auto pieces = stream(sequence.fork(), strategy, options);
    std::vector<Result> results;
    results.push_back(detail::drain(pieces, options));
    return results;
  }
}

/// Continues a sequence and extends it by the tokens of the (best) result. A temporary (`prompt.fork()`) is not
/// extended past what the search needs.
template <class S, Strategy How>
  requires DecodableSequence<std::remove_cvref_t<S>>
Result run(S&& sequence, const How& strategy, const Options& options = {}) {
  if constexpr (detail::is_beam<How>) {
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
