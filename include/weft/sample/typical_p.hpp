// Locally typical sampling: keeps the tokens whose surprise is closest to the expected one.
#pragma once

#include "weft/core/error.hpp"
#include "weft/sample/select.hpp"
#include "weft/sample/step.hpp"

namespace weft {

struct TypicalP : Narrowing {
  static constexpr bool runs_apart = true, keeps_to_list = true;
  static constexpr bool follows_history = true;
  float mass = 0.9f;
  detail::Candidates candidates{};

  void prepare(std::size_t vocab, std::size_t) { candidates.reserve(vocab, vocab); }
  void operator()(std::span<float> logits, const StepContext& context);
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

inline void TypicalP::operator()(std::span<float> logits, const StepContext& context) {
  const detail::Survey survey(logits, context.live, detail::Look::spread);
  const float max = survey.max;
  if (std::isinf(max)) return survey.exclude_below(logits, max);
  // -log p_i = Z - x_i and H = Z - E[x], so that |-log p_i - H| = |x_i - E[x]|
  const float centre = max + static_cast<float>(survey.mean);
  const double wanted = static_cast<double>(mass) * survey.weight;
  // at least the greatest, and what is within a few nats of it: that is most often enough
  float width = std::max({1.0f, max - centre, 7 - (max - centre)});
  for (float more = 1;; width += more, more *= 2) {
    const bool all = width > 200;  // nothing so far below has weight
    candidates.take(survey, all ? detail::excluded : detail::just_below(centre - width));
    if (all || candidates.weight() >= wanted) break;
  }
  candidates.rank_by_distance(centre);
  survey.exclude_outside(logits, centre, -candidates.border(wanted, -width, 0).last.value);
}

}  // namespace weft
