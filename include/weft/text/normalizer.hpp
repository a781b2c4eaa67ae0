// The component `normalizer` of a tokenizer.json: how texts are changed before they are cut. Not API.
// Source: Hugging Face's tokenizers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/io/json_value.hpp"
#include "weft/text/aligned_text.hpp"

namespace weft::detail {

class NormalizerStep {
 public:
  virtual ~NormalizerStep() = default;
  virtual void apply(AlignedText& text) const = 0;
};

/// Made by new, not make_unique: that would compile a unique_ptr for every kind of step.
using OwnedNormalizer = std::unique_ptr<const NormalizerStep>;

using Normalizer = std::vector<OwnedNormalizer>;

/// Components in one pipeline: more would be no tokenizer, but an attack on the stack or the clock.
inline constexpr std::size_t max_components = 64;

/// Sequences are taken apart. Throws Error(unsupported) naming a type or a member that is not known, Error(format) for values that
/// are not allowed.
Normalizer read_normalizer(const JsonValue& json, const std::string& where);

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/text/normalizer.ipp"
#endif
