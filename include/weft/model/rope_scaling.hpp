// The frequencies of rotary embeddings, as model files describe them: plain, linear, Llama 3 and YaRN scaling.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "weft/core/error.hpp"
#include "weft/io/hparams.hpp"
#include "weft/model/spec.hpp"

namespace weft {

/// inverse_frequency[i] = theta^(-2i / dim), i in [0, dim / 2).
inline std::vector<float> rope_frequencies(double theta, std::int64_t dim) {
  std::vector<float> frequencies(static_cast<std::size_t>(dim / 2));
  for (std::size_t i = 0; i < frequencies.size(); ++i)
    frequencies[i] = static_cast<float>(std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(dim)));
  return frequencies;
}

/// Llama 3.1's scaling: long wavelengths are stretched by `factor`, short ones kept, and those between blended.
/// Source: Hugging Face modeling_rope_utils, type "llama3".
inline void scale_llama3(std::vector<float>& frequencies, double factor, double low, double high, double original_context) {
  for (auto& frequency : frequencies) {
    const double turns = original_context * frequency / (2 * 3.14159265358979323846);  // within the original context
    if (turns > high) continue;
    const double smooth = turns < low ? 0.0 : (turns - low) / (high - low);
    frequency = static_cast<float>((1 - smooth) * frequency / factor + smooth * frequency);
  }
}

/// YaRN (Peng et al. 2023, arXiv:2309.00071): blends interpolated and original frequencies over the dimensions that make
/// between beta_slow and beta_fast turns in the original context.
inline void scale_yarn(std::vector<float>& frequencies, double theta, double factor, double original_context,
                       double beta_fast, double beta_slow, bool truncate = true) {
  const double dim = 2.0 * static_cast<double>(frequencies.size());
  const auto dimension_of = [&](double turns) {
    return dim * std::log(original_context / (turns * 2 * 3.14159265358979323846)) / (2 * std::log(theta));
  };
  double low = dimension_of(beta_fast), high = dimension_of(beta_slow);
  if (truncate) low = std::floor(low), high = std::ceil(high);
  low = std::max(low, 0.0);
  high = std::min(high, dim - 1);
  if (high <= low) high = low + 0.001;
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    const double ramp = std::min(1.0, std::max(0.0, (static_cast<double>(i) - low) / (high - low)));
    frequencies[i] = static_cast<float>(frequencies[i] * (ramp / factor + (1 - ramp)));
  }
}

/// Reads a model's rotary settings. dim: rotating dimensions of a head; default_theta when the file gives none.
/// Throws Error(unsupported) for a scaling this build does not know, Error(format) for factors out of range.
inline Rope read_rope(const Hparams& h, RopeStyle style, std::int64_t dim, double default_theta) {
  const auto positive = [&](const Hparams::Keys& keys, double otherwise) {
    const double value = h.find_number(keys).value_or(otherwise);
    if (!(value > 0)) fail(ErrorKind::format, h.source(), ": ", h.name_of(keys), " is ", value, "; expected a positive number");
    return value;
  };
  Rope rope;
  rope.style = style;
  rope.dim = dim;
  const double theta = positive({{"rope.freq_base", "rope_parameters/rope_theta"}, {"", "rope_theta"}}, default_theta);
  rope.inverse_frequencies = rope_frequencies(theta, dim);
  constexpr Hparams::Key type_keys[] = {{"rope.scaling.type", "rope_parameters/rope_type"}, {"", "rope_scaling/rope_type"}, {"", "rope_scaling/type"}};
  const auto type = h.find_string(type_keys).value_or("default");
  if (type == "default" || type == "none") return rope;
  const double factor = positive({{"rope.scaling.factor", "rope_parameters/factor"}, {"", "rope_scaling/factor"}}, 1);
  constexpr Hparams::Key original_keys[] = {{"rope.scaling.original_context_length", "rope_parameters/original_max_position_embeddings"},
                                       {"", "rope_scaling/original_max_position_embeddings"},
                                       {"context_length", "max_position_embeddings"}};
  if (type == "linear") {
    for (auto& frequency : rope.inverse_frequencies) frequency = static_cast<float>(frequency / factor);
  } else if (type == "llama3" && !h.is_gguf()) {
    const double low = positive({{"", "rope_parameters/low_freq_factor"}, {"", "rope_scaling/low_freq_factor"}}, 1);
    const double high = positive({{"", "rope_parameters/high_freq_factor"}, {"", "rope_scaling/high_freq_factor"}}, 4);
    if (high <= low) fail(ErrorKind::format, h.source(), ": high_freq_factor must be larger than low_freq_factor");
    scale_llama3(rope.inverse_frequencies, factor, low, high, positive(original_keys, 8192));
  } else if (type == "yarn") {
    const double fast = positive({{"rope.scaling.yarn_beta_fast", "rope_parameters/beta_fast"}, {"", "rope_scaling/beta_fast"}}, 32);
    const double slow = positive({{"rope.scaling.yarn_beta_slow", "rope_parameters/beta_slow"}, {"", "rope_scaling/beta_slow"}}, 1);
    const bool truncate = h.find_boolean({{"", "rope_parameters/truncate"}, {"", "rope_scaling/truncate"}}).value_or(true);
    scale_yarn(rope.inverse_frequencies, theta, factor, positive(original_keys, 4096), fast, slow, truncate);
    const double mscale = factor > 1 ? 0.1 * std::log(factor) + 1 : 1.0;
    rope.attention_factor = static_cast<float>(positive({{"", "rope_parameters/attention_factor"}, {"", "rope_scaling/attention_factor"}}, mscale) *
                                               positive({{"rope.scaling.attn_factor", ""}}, 1));
  } else {
    fail(ErrorKind::unsupported, h.source(), ": ", h.name_of(type_keys), " is '", type,
         "', which this build does not know; supported: default, linear, llama3, yarn");
  }
  return rope;
}

}  // namespace weft
