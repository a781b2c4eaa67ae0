// Forced tokens: the first new token, or the end at a given length.
#pragma once

#include "weft/sample/softmax.hpp"
#include "weft/sample/step.hpp"

namespace weft {

namespace detail {

/// Leaves these tokens alone, equally likely.
inline void force(std::span<float> logits, std::span<const Token> ids, const char* step) {
  for (float& x : logits) x = excluded;
  for (const Token id : ids) logit_of(logits, id, step) = 0;
}

}  // namespace detail

struct ForcedBos : Composable {
  static constexpr bool runs_apart = true;
  Token token = 0;
  void operator()(std::span<float> logits, const StepContext& context) const {
    if (context.generated() == 0) detail::force(logits, std::span<const Token>(&token, 1), "forced_bos_token");
  }
};

struct ForcedEos : Composable {
  static constexpr bool runs_apart = true;
  std::size_t max_length = 0;
  void operator()(std::span<float> logits, const StepContext& context) const {
    if (context.position() + 1 != max_length) return;
    if (context.end_tokens.empty())
      fail(ErrorKind::argument,
           "forced_eos_token: this generation has no end token; give it one in Options::stop_tokens");
    detail::force(logits, context.end_tokens, "forced_eos_token");
  }
};

/// Makes `token` the first new token: its logit 0, all others excluded. For models that are told the language of their
/// answer so. Throws weft::Error(argument), when applied, for an id outside the vocabulary.
/// Source: ForcedBOSTokenLogitsProcessor of transformers (there: the token after a prompt of one).
inline ForcedBos forced_bos_token(Token token) {
  ForcedBos made;
  made.token = token;
  return made;
}

/// Makes the token that completes a sequence of max_length tokens, prompt included, one of the end tokens of the
/// generation: their logits 0, all others excluded. max_length >= 1. Throws weft::Error(argument) otherwise, and, when
/// applied, where there is no end token. Source: ForcedEOSTokenLogitsProcessor of transformers.
inline ForcedEos forced_eos_token(std::int64_t max_length) {
  if (max_length < 1) fail(ErrorKind::argument, "forced_eos_token(", max_length, "): expected a length of at least 1");
  ForcedEos made;
  made.max_length = static_cast<std::size_t>(max_length);
  return made;
}

}  // namespace weft
