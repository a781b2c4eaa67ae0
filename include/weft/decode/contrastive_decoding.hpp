// Contrastive decoding: what an expert model knows and an amateur does not.
// Sources: Li et al. 2023, arXiv:2210.15097 (log p_expert - log p_amateur, among the plausible); O'Brien and Lewis 2023,
// arXiv:2309.09117 (weights 1 + beta and beta).
#pragma once

#include <cmath>

#include "weft/decode/paired.hpp"
#include "weft/sample/softmax.hpp"

namespace weft {

/// out_i = expert log p_e(i) - amateur log p_a(i), where p_e(i) >= plausibility max p_e; -inf elsewhere.
struct Contrast {
  float plausibility = 0.1f;       ///< in (0, 1]: 1 leaves the expert's best token alone
  float expert = 1;                ///< O'Brien and Lewis: 1 + beta
  float amateur = 1;               ///< and beta; 0 leaves the expert's distribution
  float amateur_temperature = 1;   ///< the amateur's logits are divided by it first: below 1 sharpens what is contrasted

  void operator()(std::span<const float> expert_logits, std::span<const float> amateur_logits, std::vector<float>& out) const {
    const auto e = normaliser(expert_logits);
    const float bound = e.of(e.max) + std::log(plausibility);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = amateur_logits[i] / amateur_temperature;
    const auto a = normaliser(out);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const float p = e.of(expert_logits[i]);
      const float q = std::max(a.of(out[i]), -1e4f);  // an amateur may exclude a token: much to gain, not a NaN
      out[i] = p >= bound ? expert * p - amateur * q : detail::excluded;
    }
  }
};

namespace detail {
inline void check(const Contrast& c) {
  if (!(c.plausibility > 0 && c.plausibility <= 1))
    fail(ErrorKind::argument, "the plausibility ", c.plausibility, " is outside (0, 1]");
  if (!(c.amateur_temperature > 0) || !std::isfinite(c.amateur_temperature))
    fail(ErrorKind::argument, "the amateur's temperature ", c.amateur_temperature, ": expected a number above 0");
  if (!std::isfinite(c.expert) || !std::isfinite(c.amateur))
    fail(ErrorKind::argument, "the weights of expert and amateur are not finite");
}
}  // namespace detail

/// A sequence that says what the expert knows and the amateur does not: any strategy decodes it. Both hold the prompt, and their
/// models have one vocabulary. Costs a pass of each a token. Throws weft::Error(argument) for options out of range.
template <DecodableSequence Expert, DecodableSequence Amateur>
Paired<Expert, Amateur, Contrast> contrasted(Expert expert, Amateur amateur, const Contrast& contrast = {}) {
  detail::check(contrast);
  return {std::move(expert), std::move(amateur), contrast};
}

}  // namespace weft
