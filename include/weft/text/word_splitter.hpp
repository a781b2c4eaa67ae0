// The component `pre_tokenizer` of a tokenizer.json: how texts are cut into words. Not API.
// Source: Hugging Face's tokenizers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/core/token.hpp"
#include "weft/io/json_value.hpp"
#include "weft/text/aligned_text.hpp"

namespace weft::detail {

/// A text in parts, from left to right: words to be, and added tokens. What no part covers is left out.
struct SplitText {
  /// Of a text of less than 4 GiB. There may be as many as bytes: they are small.
  struct Part {
    Part(std::size_t from, std::size_t to, Token token) : begin(static_cast<std::uint32_t>(from)), end(static_cast<std::uint32_t>(to)), id(token) {}
    std::uint32_t begin, end;
    Token id;  ///< of an added token, else -1
  };
  AlignedText text{};
  std::vector<Part> parts{};
};

class SplitterStep {
 public:
  virtual ~SplitterStep() = default;
  virtual void apply(SplitText& text) const = 0;
};

/// Made by new, not make_unique: that would compile a unique_ptr for every kind of step.
using OwnedSplitter = std::unique_ptr<const SplitterStep>;

struct WordSplitter {
  std::vector<OwnedSplitter> steps{};
  bool spells_bytes = false;  ///< the last step writes bytes in GPT-2's alphabet: left to the caller, see raw_bytes
  bool needs_places = false;  ///< a step asks where in the original a part stands: the text must be tracked
};

/// Sequences are taken apart. raw_bytes: if the last step is ByteLevel it does all but spell the bytes, for a model that reads them
/// as they are. Throws as read_normalizer.
WordSplitter read_word_splitter(const JsonValue& json, const std::string& where, bool raw_bytes);

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/text/word_splitter.ipp"
#endif
