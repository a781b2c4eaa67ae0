// Dynamic temperature: higher where the model is unsure, lower where it is sure.
#pragma once

#include "weft/sample/select.hpp"
#include "weft/sample/temperature.hpp"

namespace weft {

struct DynamicTemperature : Narrowing {
  static constexpr bool runs_apart = true, keeps_to_list = true;
  float lowest = 1, highest = 1, exponent = 1;

  void operator()(std::span<float> logits, const StepContext& context) const {
    const detail::Survey survey(logits, context.live, detail::Look::spread);
    const float max = survey.max;
    if (std::isinf(max)) return survey.exclude_below(logits, max);
    const std::size_t candidates = survey.count_left();
    if (candidates < 2) return;
    const double share = survey.entropy() / std::log(static_cast<double>(candidates));
    const double power = std::pow(std::min(1.0, std::max(0.0, share)), static_cast<double>(exponent));
    Temperature step;
    step.value = static_cast<float>(static_cast<double>(lowest) + static_cast<double>(highest - lowest) * power);
    if (step.value < 1e-6f) {  // the limit of 0: greedy
      detail::exclude_after(logits, {{max, detail::first_equal(logits, max, context.live)}, true}, survey);
    } else {
      step(logits, context);
    }
  }
};

/// Divides every logit by t = low + (high - low) (H / log n)^exponent, with low = max(0, t - range), high = t + range, H
/// the entropy in nats and n the number of tokens that are not excluded. t > 0, range >= 0, exponent >= 0.
/// Throws weft::Error(argument) otherwise, and for NaN in the logits. O(vocab).
/// Source: llama.cpp's extended temperature (dynatemp_range, dynatemp_exponent), after kalomaze 2023.
inline DynamicTemperature dynamic_temperature(float t, float range, float exponent = 1) {
  if (!(t > 0) || !(range >= 0) || !(exponent >= 0) || std::isinf(t + range + exponent))
    fail(ErrorKind::argument, "dynamic_temperature(", t, ", ", range, ", ", exponent,
         "): expected finite numbers, the temperature above 0, range and exponent not below");
  DynamicTemperature made;
  made.lowest = std::max(0.0f, t - range);
  made.highest = t + range;
  made.exponent = exponent;
  return made;
}

}  // namespace weft
