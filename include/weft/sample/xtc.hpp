// XTC (exclude top choices): now and then takes the most likely tokens away, so that a good but rarer one is drawn.
#pragma once

#include "weft/core/error.hpp"
#include "weft/core/philox.hpp"
#include "weft/sample/select.hpp"
#include "weft/sample/step.hpp"

namespace weft {

struct Xtc : Narrowing {
  static constexpr bool runs_apart = true, keeps_to_list = true;
  static constexpr bool follows_history = true;
  double probability = 0;
  float threshold = 0.1f;
  detail::Candidates candidates{};

  void prepare(std::size_t vocab, std::size_t) { candidates.reserve(vocab, std::min(vocab, 2 * most())); }
  void operator()(std::span<float> logits, const StepContext& context) {
    const auto bits = random_bits(context.seed, context.branch, context.position());
    // the pick draws from the first two words of the same block
    const double u = static_cast<double>(((std::uint64_t{bits[2]} << 32) | bits[3]) >> 11) * 0x1p-53;
    if (u < probability && threshold <= 0.5f) exclude_top_choices(logits, context.live);
  }

 private:
  /// So many tokens can reach the threshold.
  [[nodiscard]] std::size_t most() const noexcept {
    return threshold > 1e-4f ? static_cast<std::size_t>(1 / threshold) + 1 : 10000;
  }

  void exclude_top_choices(std::span<float> logits, detail::Live* live) {
    const detail::Survey survey(logits, live, detail::Look::weights);
    const float max = survey.max;
    if (std::isinf(max)) return survey.exclude_below(logits, max);
    const double border = std::log(static_cast<double>(threshold)) + survey.log_weight();
    candidates.take(survey, detail::just_below(max + static_cast<float>(std::max(border, -1e30)) - 1e-3f));  // all that are in, and few more
    const auto reaches = [&](std::size_t i) { return static_cast<double>(candidates.value(i)) - static_cast<double>(max) >= border; };
    std::size_t n = 0, last = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i)
      if (reaches(i) && (n++ == 0 || candidates.value(i) <= candidates.value(last))) last = i;
    for (std::size_t i = 0; i < candidates.size(); ++i)
      if (reaches(i) && i != last) logits[static_cast<std::size_t>(candidates.id(i))] = detail::excluded;
  }
};

/// With the given probability, excludes all tokens that are at least `threshold` likely but the least likely of them (of
/// equals the one with the highest id). Both in [0, 1]; a threshold above 1/2 does nothing. The random number is Philox at
/// (seed, branch, position), independent of the draw's. Throws weft::Error(argument) otherwise, and for NaN in the logits.
/// Source: llama.cpp's XTC, after p-e-w 2024 (text-generation-webui #6335).
inline Xtc xtc(float probability, float threshold) {
  if (!(probability >= 0 && probability <= 1) || !(threshold >= 0 && threshold <= 1))
    fail(ErrorKind::argument, "xtc(", probability, ", ", threshold,
         "): expected a probability and a threshold in [0, 1]");
  Xtc made;
  made.probability = static_cast<double>(probability);
  made.threshold = threshold;
  return made;
}

}  // namespace weft
