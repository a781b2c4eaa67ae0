// Locally typical sampling: keeps the tokens whose surprise is closest to the expected one.
#pragma once

#include "weft/core/error.hpp"
#include "weft/sample/select.hpp"
#include "weft/sample/step.hpp"

namespace weft {

struct TypicalP : Composable {
  static constexpr bool follows_history = true;
  float mass = 0.9f;
  std::vector<detail::Ranked> scratch{};

  void prepare(std::size_t vocab, std::size_t) { scratch.reserve(vocab); }
  void operator()(std::span<float> logits, std::span<const Token>);
};

/// Keeps the smallest set of tokens closest to the entropy, by |-log p - H|, whose probabilities reach `mass`; all that
/// are as close as the last one stay too. mass in (0, 1). At least one token survives.
/// Throws weft::Error(argument) for another mass and for NaN in the logits. O(vocab) on average.
/// Source: Meister et al. 2023, arXiv:2202.00666; TypicalLogitsWarper of transformers (typical_p).
inline TypicalP typical_p(float mass) {
  if (!(mass > 0 && mass < 1)) fail(ErrorKind::argument, "typical_p(", mass, "): expected a probability inside (0, 1)");
  TypicalP made;
  made.mass = mass;
  return made;
}

namespace detail {

/// The tokens within `width` of the centre, ranked by closeness.
inline void collect_around(std::span<const float> logits, float centre, float width, std::vector<Ranked>& into) {
  into.clear();
  const std::size_t blocks = logits.size() / softmax_block;
  const auto offer = [&](std::size_t i) {
    const float distance = std::fabs(logits[i] - centre);
    if (distance <= width) into.push_back({-distance, static_cast<Token>(i)});
  };
  for (std::size_t b = 0; (b = next_block_within(logits.data(), b, blocks, centre, width)) < blocks; ++b)
    for (std::size_t i = b * softmax_block; i < (b + 1) * softmax_block; ++i) offer(i);
  for (std::size_t i = blocks * softmax_block; i < logits.size(); ++i) offer(i);
}

}  // namespace detail

inline void TypicalP::operator()(std::span<float> logits, std::span<const Token>) {
  const float max = detail::greatest(logits);
  if (std::isinf(max)) return detail::exclude_below(logits, max);
  const auto spread = detail::spread_of(logits, max);
  // -log p_i = Z - x_i and H = Z - E[x], so that |-log p_i - H| = |x_i - E[x]|
  const float centre = max + static_cast<float>(spread.mean);
  const double wanted = static_cast<double>(mass) * spread.weight;
  const auto weight = [&](const detail::Ranked& r) {
    return static_cast<double>(detail::exp_weight(logits[static_cast<std::size_t>(r.id)], max));
  };
  for (float width = std::max(1.0f, max - centre);; width *= 2) {
    const bool widest = width > 200;  // nothing so far below has weight
    detail::collect_around(logits, centre, widest ? std::numeric_limits<float>::max() : width, scratch);
    double sum = 0;
    for (const auto& r : scratch) sum += weight(r);
    if (sum >= wanted || widest) break;
  }
  const float border = -detail::mass_border(scratch, wanted, weight).value;
  detail::exclude_outside_in(logits.data(), logits.size() / detail::widest * detail::widest, centre, border);
  for (float& x : logits.last(logits.size() % detail::widest)) x = std::fabs(x - centre) > border ? detail::excluded : x;
}

}  // namespace weft
