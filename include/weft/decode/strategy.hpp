// What generate() and run() take: a chain that ends in a pick, or a search.
#pragma once

#include <vector>

#include "weft/decode/stream.hpp"

namespace weft {

/// A search over sequences of type S: any type with a const member `search(S sequence, std::vector<Token> prompt, const Options&)`
/// that runs the prompt after what the sequence holds, decodes, and returns Results, best first.
template <class T, class S>
concept Searches = requires(const T& search, S sequence, std::vector<Token> prompt, const Options& options) {
  { search.search(std::move(sequence), std::move(prompt), options) } -> std::same_as<std::vector<Result>>;
};

/// What decodes sequences of type S.
template <class T, class S>
concept StrategyFor = StreamsTokens<T, S> || Searches<T, S>;

}  // namespace weft
