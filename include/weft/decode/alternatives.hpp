// What else could have stood at a position, and how the text would have gone on.
#pragma once

#include "weft/decode/options.hpp"
#include "weft/decode/prefix.hpp"
#include "weft/decode/together.hpp"

namespace weft {

struct AlternativesOptions {
  std::int64_t k = 4;              ///< tokens looked at, the one that stands there among them
  float min_probability = 0;       ///< less likely tokens are left out
};

/// The k most likely tokens at `position` of the sequence (tokens before it: its context), each with its continuation by the chain: one
/// result for each, likeliest token first; what the chain excludes there is an alternative all the same. Result::tokens[0] is the
/// alternative, raw_logprobs[0] its log-probability; max_tokens counts it.
/// k forks share the context; the passes are those of the new tokens. The sequence stays as it is.
/// Throws weft::Error(argument) for a position outside [1, size], or k outside [1, most_branches].
template <DecodableSequence S, PicksTokens Chain>
std::vector<Result> alternatives(const S& sequence, std::size_t position, const Chain& chain, const AlternativesOptions& how = {},
                                 const Options& options = {}) {
  if (position < 1 || position > sequence.size())
    fail(ErrorKind::argument, "alternatives at position ", position, " of a sequence of ", sequence.size(), " tokens: expected 1 to its size");
  detail::check_branches(how.k, "number of alternatives");
  S context = sequence.fork();
  context.rewind(position);
  const std::span<const float> logits = context.logits();
  const auto sum = normaliser(logits);
  detail::Greatest greatest;
  auto best = greatest.find(logits, static_cast<std::size_t>(how.k));
  while (!best.empty() && std::exp(sum.of(best.back().value)) < how.min_probability) best = best.first(best.size() - 1);
  if (best.empty()) return {};
  const auto sampler = detail::as_sampler(chain);
  return detail::continue_together(std::move(context), {}, best.size(), options,
                                   [&](std::size_t i) { return sampler.pick.after(sampler.steps | follow_prefix({best[i].id})); });
}

}  // namespace weft
