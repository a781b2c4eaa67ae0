// Minimum number of new tokens: the text may not end before.
#pragma once

#include "weft/core/error.hpp"
#include "weft/sample/softmax.hpp"
#include "weft/sample/step.hpp"

namespace weft {

namespace detail {

/// Excludes the end tokens of the generation. Those beyond the logits cannot be chosen anyway.
inline void exclude_ends(std::span<float> logits, const StepContext& context) noexcept {
  for (const Token id : context.end_tokens)
    if (id >= 0 && static_cast<std::size_t>(id) < logits.size()) logits[static_cast<std::size_t>(id)] = excluded;
}

}  // namespace detail

struct MinNewTokens : Narrowing {
  static constexpr bool runs_apart = true;
  std::size_t minimum = 0;
  void operator()(std::span<float> logits, const StepContext& context) const {
    if (context.generated() < minimum) detail::exclude_ends(logits, context);
  }
};

/// Excludes the end tokens of the generation until n tokens have been generated. n >= 0.
/// Throws weft::Error(argument) otherwise. Source: MinNewTokensLengthLogitsProcessor of transformers.
inline MinNewTokens min_new_tokens(std::int64_t n) {
  if (n < 0) fail(ErrorKind::argument, "min_new_tokens(", n, "): expected 0 or more");
  MinNewTokens made;
  made.minimum = static_cast<std::size_t>(n);
  return made;
}

}  // namespace weft
