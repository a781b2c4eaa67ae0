// The component `post_processor` of a tokenizer.json: what is put around texts, and trimmed places. Not API.
// Source: Hugging Face's tokenizers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/io/json_value.hpp"
#include "weft/text/encoding.hpp"

namespace weft::detail {

/// Works on one encoding for each text (or part of the result, after the first template).
class PostStep {
 public:
  virtual ~PostStep() = default;
  virtual void apply(std::vector<Encoding>& parts, bool add_special) const = 0;
};

/// Made by new, not make_unique: that would compile a unique_ptr for every kind of step.
using OwnedPostStep = std::unique_ptr<const PostStep>;

using PostProcessor = std::vector<OwnedPostStep>;

/// Sequences are taken apart. size: ids must lie below it. Throws as read_normalizer.
PostProcessor read_post_processor(const JsonValue& json, const std::string& where, std::size_t size);

/// The steps one after the other, and the parts put together.
Encoding post_process(const PostProcessor& steps, std::vector<Encoding> parts, bool add_special);

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/text/post_processor.ipp"
#endif
