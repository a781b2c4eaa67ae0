// Where a generation starts and where it must end.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/core/error.hpp"
#include "weft/core/token.hpp"
#include "weft/decode/options.hpp"
#include "weft/decode/stop_reason.hpp"

namespace weft::detail {

struct Limits {
  std::vector<Token> end_tokens;  ///< the model's own first
  std::size_t model_ends = 0;     ///< how many are the model's own
  std::size_t prompt = 0;         ///< tokens before the first generated one
  std::size_t new_tokens = 0;     ///< at most: by max_tokens or by the context
  bool by_context = false;

  /// prompt: tokens before the first generated one; context: positions that the sequence may hold. Throws Error(argument) for
  /// options out of range or an empty prompt, Error(resource) for one longer than the context.
  Limits(std::span<const Token> ends, std::size_t prompt_tokens, std::size_t context, const Options& options);

  [[nodiscard]] StopReason reason_at_limit() const { return by_context ? StopReason::context_full : StopReason::max_tokens; }
  /// StopReason::running for a token that ends nothing.
  [[nodiscard]] StopReason reason_of(Token token) const;
};

/// Of a sequence to which `to_append` tokens are to be added first.
template <class S>
Limits limits_of(const S& sequence, std::size_t to_append, const Options& options) {
  const auto vocab = static_cast<std::int64_t>(sequence.model().vocab_size());
  for (const Token t : options.stop_tokens)
    if (t < 0 || t >= vocab) fail(ErrorKind::argument, "stop_tokens names token ", t, ": the vocabulary has ", vocab, " tokens, from id 0");
  return {sequence.model().end_tokens(), sequence.size() + to_append, sequence.capacity(), options};
}

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/decode/limits.ipp"
#endif
