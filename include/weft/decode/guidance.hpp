// Classifier-free guidance: away from what the model says without the prompt (or with a negative one), towards what it says with it.
// Source: Sanchez et al. 2023, "Stay on topic with classifier-free guidance", arXiv:2306.17806, equation 7.
#pragma once

#include <cmath>

#include "weft/decode/paired.hpp"
#include "weft/sample/softmax.hpp"

namespace weft {

/// out_i = u_i + scale (c_i - u_i) over log-probabilities c (with the prompt) and u (without it).
struct Guidance {
  float scale = 1.5f;

  void operator()(std::span<const float> with, std::span<const float> without, std::vector<float>& out) const {
    const auto c = normaliser(with), u = normaliser(without);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const float conditional = c.of(with[i]), unconditional = u.of(without[i]);
      // impossible without the prompt: nothing to be guided away from
      out[i] = std::isfinite(conditional) && std::isfinite(unconditional) ? unconditional + scale * (conditional - unconditional)
                                                                          : conditional;
    }
  }
};

/// A sequence that is guided: generate(guided(std::move(prompt), std::move(negative), 1.5f), argmax(), options), or any other
/// strategy. with: holds the prompt; without: holds what stands in its place (Hugging Face: the prompt's last token alone), of the
/// same model or one of the same vocabulary. scale: 1 changes nothing, above 1 follows the prompt more closely.
/// The logits of the pair are not normalised. Costs two rows a token, in one pass when the model is the same.
/// Throws weft::Error(argument) for a scale that is not finite, and as Paired.
template <DecodableSequence A, DecodableSequence B>
Paired<A, B, Guidance> guided(A with, B without, float scale) {
  if (!std::isfinite(scale)) fail(ErrorKind::argument, "the guidance scale is not finite");
  return {std::move(with), std::move(without), Guidance{scale}};
}

}  // namespace weft
