// Definitions of sample/adaptive_p.hpp.
#pragma once

#include "weft/sample/adaptive_p.hpp"

namespace weft {

WEFT_INLINE void AdaptiveP::operator()(std::span<float> logits, const StepContext& context) {
  detail::ProbabilityAverage initial;
  initial.sum = target / (1 - decay);
  initial.weight = 1 / (1 - decay);
  const auto& now = average.at(context, initial, [this](detail::ProbabilityAverage& a, const detail::Ranked& chosen) {
    a.sum = chosen.value + decay * a.sum;
    a.weight = 1 + decay * a.weight;
  });
  const float wanted = std::min(1.0f, std::max(0.0f, 2 * target - now.sum / now.weight));
  const float max = detail::greatest(logits, context.live);
  if (std::isinf(max)) return detail::exclude_below(logits, max, context.live);
  const auto weight = static_cast<float>(detail::exp_sum(logits, max, context.live));
  detail::for_each_above(logits, detail::excluded, [&](std::size_t i) {
    float& x = logits[i];
    const float p = detail::exp_weight(x, max) / weight;
    if (p > 1e-9f) average.offer(p, i);  // less does not move the average
    const float d = std::fabs(p - wanted) / 0.3f;
    x = 5 - 10 * d * d / (1 + d);
  }, context.live);
}

WEFT_INLINE void AdaptiveP::prepare(std::size_t vocab, std::size_t positions) { average.prepare(vocab, positions); }

WEFT_INLINE void AdaptiveP::save(StateWriter& out) const { average.save(out); }

WEFT_INLINE void AdaptiveP::load(StateReader& in) { average.load(in); }

}  // namespace weft
