// Temperature: flattens (above 1) or sharpens (below 1) the distribution.
#pragma once

#include <cmath>

#include "weft/core/error.hpp"
#include "weft/sample/softmax.hpp"
#include "weft/sample/step.hpp"

namespace weft {

struct Temperature : Narrowing {
  static constexpr bool runs_apart = true, keeps_to_list = true;
  float value = 1;
  void operator()(std::span<float> logits, const StepContext& context) const {
    if (value == 1) return;
    // a division, as Hugging Face does: the product with 1/t rounds differently
    detail::for_each_run(context.live, logits.size() / detail::softmax_block, [&](std::size_t begin, std::size_t end) {
      detail::divide_in(logits.data() + begin * detail::softmax_block, end - begin, value);
    });
    for (float& x : detail::rest_of(logits)) x /= value;
  }
};

/// Divides every logit by t: p_i ~ p_i^(1/t). t > 0; Throws weft::Error(argument) otherwise. Greedy, the limit of
/// t = 0, is argmax(). Source: Ackley, Hinton, Sejnowski 1985; TemperatureLogitsWarper of transformers.
inline Temperature temperature(float t) {
  if (!(t > 0) || std::isinf(t))
    fail(ErrorKind::argument, "temperature(", t,
         "): expected a finite number above 0; for greedy decoding end the chain with argmax()");
  Temperature made;
  made.value = t;
  return made;
}

}  // namespace weft
