// A continuation that begins with given tokens, or leans towards them: a step, so that it stands before any pick or search.
// Leaning is CTranslate2's prefix bias: p = (1 - beta) p_model + beta [token = next of the prefix], while the text follows the prefix.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "weft/core/error.hpp"
#include "weft/sample/chain.hpp"
#include "weft/sample/softmax.hpp"

namespace weft {

struct FollowPrefix : Composable {
  static constexpr bool runs_apart = true;
  std::vector<Token> prefix{};
  float beta = 1;

  void operator()(std::span<float> logits, const StepContext& context) const {
    const std::size_t at = context.generated();
    if (at >= prefix.size()) return;
    const auto written = context.history.last(at);
    if (!std::equal(written.begin(), written.end(), prefix.begin())) return;
    const auto next = static_cast<std::size_t>(prefix[at]);
    if (prefix[at] < 0 || next >= logits.size())
      fail(ErrorKind::argument, "the prefix holds token ", prefix[at], ", which is outside the vocabulary of ", logits.size());
    if (beta == 1) {
      const float own = std::max(logits[next], -1e4f);  // it is wanted even where the model, or a step, excludes it
      std::fill(logits.begin(), logits.end(), detail::excluded);
      logits[next] = own;
      return;
    }
    const auto sum = normaliser(logits);
    const float rest = std::log1p(-beta);
    for (float& x : logits) x = sum.of(x) + rest;
    logits[next] = std::log(std::exp(logits[next]) + beta);
  }
};

/// The continuation begins with these tokens (beta = 1), or leans towards them (beta in (0, 1)). Their log-probs are reported like all
/// others: raw_logprobs are the model's. Throws weft::Error(argument) for beta outside (0, 1].
inline FollowPrefix follow_prefix(std::vector<Token> prefix, float beta = 1) {
  if (!(beta > 0 && beta <= 1)) fail(ErrorKind::argument, "a prefix followed with beta ", beta, ": expected above 0, at most 1");
  FollowPrefix made;
  made.prefix = std::move(prefix);
  made.beta = beta;
  return made;
}

}  // namespace weft
