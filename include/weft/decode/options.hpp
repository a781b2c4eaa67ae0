// The limits, stops, seed and reports of a generation: one aggregate, to be filled with designated initialisers.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "weft/core/error.hpp"
#include "weft/core/token.hpp"
#include "weft/decode/result.hpp"

namespace weft {

struct Options {
  std::int64_t max_tokens = 256;       ///< new tokens at most
  std::vector<std::string> stop{};     ///< texts that end the generation; the text is cut before them
  std::vector<Token> stop_tokens{};    ///< end tokens beside the model's own
  bool ignore_end_tokens = false;      ///< the model's own end tokens do not end it
  std::uint64_t seed = 0;
  std::uint64_t branch = 0;            ///< draws of different branches under one seed are independent
  std::stop_token cancel{};            ///< fires: the generation ends with StopReason::cancelled and what there is
  std::int64_t logprobs = 0;           ///< how many alternatives to report per token, before and after the chain
  std::function<void(std::size_t done, std::size_t total)> on_prefill{};  ///< progress, in tokens of the prompt
  /// generate() and run(): called for each piece as it comes. A search over branches hands over those of its best result: in beam search
  /// as soon as all branches agree on them, else at the end. best_of() and the like, whose results are whole texts, call nothing.
  std::function<void(const Piece&)> on_piece{};
};

/// Continuations that a search may keep side by side.
inline constexpr std::int64_t most_branches = 1 << 16;

namespace detail {
/// Throws Error(argument) unless 1 <= count <= most_branches. what: "beam width".
inline void check_branches(std::int64_t count, const char* what) {
  if (count < 1 || count > most_branches) fail(ErrorKind::argument, what, " ", count, ": expected 1 to ", most_branches);
}
inline void check(const Options& options) {
  if (options.max_tokens < 0) fail(ErrorKind::argument, "max_tokens is ", options.max_tokens, ": expected 0 or more");
  if (options.logprobs < 0) fail(ErrorKind::argument, "logprobs is ", options.logprobs, ": expected 0 or more");
}
}  // namespace detail
}  // namespace weft
