// Minimum length of the whole sequence: it may not end before.
#pragma once

#include "weft/sample/min_new_tokens.hpp"

namespace weft {

struct MinLength : Narrowing {
  static constexpr bool runs_apart = true;
  std::size_t minimum = 0;
  void operator()(std::span<float> logits, const StepContext& context) const {
    if (context.position() < minimum) detail::exclude_ends(logits, context);
  }
};

/// Excludes the end tokens of the generation until prompt and text together have n tokens. n >= 0.
/// Throws weft::Error(argument) otherwise. Source: MinLengthLogitsProcessor of transformers.
inline MinLength min_length(std::int64_t n) {
  if (n < 0) fail(ErrorKind::argument, "min_length(", n, "): expected 0 or more");
  MinLength made;
  made.minimum = static_cast<std::size_t>(n);
  return made;
}

}  // namespace weft
