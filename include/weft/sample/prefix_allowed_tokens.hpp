// Prefix-allowed tokens: a callback says what may come next.
#pragma once

#include <vector>

#include "weft/core/error.hpp"
#include "weft/sample/softmax.hpp"
#include "weft/sample/step.hpp"

namespace weft {

template <class F>
struct PrefixAllowedTokens : Composable {
  F allowed;
  std::vector<float> kept{};  ///< scratch: logits of what is allowed

  explicit PrefixAllowedTokens(F f) : allowed(std::move(f)) {}

  void operator()(std::span<float> logits, std::span<const Token> history) {
    const auto tokens = allowed(history);
    bool possible = false;
    kept.clear();
    for (const Token id : tokens) {
      kept.push_back(detail::logit_of(logits, id, "prefix_allowed_tokens"));
      possible = possible || !(kept.back() == detail::excluded);
    }
    if (kept.empty())
      fail(ErrorKind::argument, "prefix_allowed_tokens: the callback allows no token after ", history.size(),
           " tokens; return at least one");
    for (float& x : logits) x = detail::excluded;
    std::size_t i = 0;
    for (const Token id : tokens) logits[static_cast<std::size_t>(id)] = possible ? kept[i++] : 0;
  }
};

/// Excludes all tokens but those that f(history) returns: a range of ids (std::vector<Token>, or a span of what lives on).
/// Where steps before have excluded all of these, they are allowed again with a logit of 0, as in Hugging Face.
/// Throws weft::Error(argument), when applied, for an empty range and for an id outside the vocabulary. f is copied with
/// the step; what it refers to is the caller's affair.
/// Source: De Cao et al. 2020, arXiv:2010.00904; PrefixConstrainedLogitsProcessor of transformers.
template <class F>
requires std::invocable<F&, std::span<const Token>> PrefixAllowedTokens<F> prefix_allowed_tokens(F f) {
  return PrefixAllowedTokens<F>(std::move(f));
}

}  // namespace weft
