// Nucleus (top-p) sampling: keeps the smallest set of most likely tokens whose probability reaches p.
#pragma once

#include "weft/core/error.hpp"
#include "weft/sample/select.hpp"
#include "weft/sample/step.hpp"

namespace weft {

struct TopP : Composable {
  static constexpr bool follows_history = true;
  float p = 1;
  std::vector<detail::Ranked> scratch{};

  void prepare(std::size_t vocab, std::size_t) {
    if (p < 1) scratch.reserve(vocab);
  }
  void operator()(std::span<float> logits, std::span<const Token>);
};

/// Excludes all but the most likely tokens whose probabilities, summed from the greatest down, first reach p.
/// p in (0, 1]; p = 1 keeps all. At least one token always survives. Ties at the border: the lowest ids stay.
/// Throws weft::Error(argument) for p outside (0, 1], and for NaN in the logits. O(vocab) on average: only tokens
/// that can be in the nucleus are ever ordered. Source: Holtzman et al. 2020, arXiv:1904.09751; TopPLogitsWarper.
inline TopP top_p(float p) {
  if (!(p > 0 && p <= 1)) fail(ErrorKind::argument, "top_p(", p, "): expected a probability in (0, 1]");
  TopP made;
  made.p = p;
  return made;
}

namespace detail {

/// The logits from `bound` up, with their ids and in their order.
inline void collect_from(std::span<const float> logits, float bound, std::vector<Ranked>& into) {
  into.clear();
  const float below = just_below(bound);
  for_each_above(logits, below, [&](std::size_t i) { into.push_back({logits[i], static_cast<Token>(i)}); });
}

}  // namespace detail

inline void TopP::operator()(std::span<float> logits, std::span<const Token>) {
  if (p == 1) return;
  const float max = detail::greatest(logits);
  if (std::isinf(max)) {  // all excluded, or infinite ones that share everything
    detail::exclude_below(logits, max);
    return;
  }
  const double mass = static_cast<double>(p) * detail::exp_sum(logits, max);
  // most nuclei lie within a few nats of the best token: widen only where they do not
  for (float depth = 6; ; depth *= 2) {
    const float bound = depth < 90 ? max - depth : std::numeric_limits<float>::lowest();
    detail::collect_from(logits, bound, scratch);
    double sum = 0;
    for (const auto& r : scratch) sum += static_cast<double>(detail::exp_weight(r.value, max));
    if (sum >= mass || depth >= 90) break;
  }
  const auto border = detail::mass_border(scratch, mass, [max](const detail::Ranked& r) {
    return static_cast<double>(detail::exp_weight(r.value, max));
  });
  detail::exclude_after(logits, border);
}

}  // namespace weft
