// All there is to know about the tokens of a text, beside their ids.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/token.hpp"

namespace weft {

/// A part of a text, [begin, end).
struct TextRange {
  std::size_t begin = 0, end = 0;
  friend bool operator==(const TextRange&, const TextRange&) = default;
};

enum class OffsetUnit : std::uint8_t {
  bytes,      ///< of UTF-8
  characters  ///< code points, as Python counts; a byte that is no UTF-8 is one
};

struct EncodeOptions {
  bool control = false;      ///< names of control tokens in the text stand for them: only for texts that you wrote
  bool add_special = false;  ///< with what the tokenizer puts around texts: BOS, EOS, [CLS], [SEP]
  OffsetUnit unit = OffsetUnit::bytes;
};

/// The tokens of a text or of a pair of texts; all lists have one item for each token.
struct Encoding {
  std::vector<Token> ids{};
  std::vector<std::string> tokens{};   ///< as the vocabulary spells them ("\u2581the"); an unknown token's may be the text it stands for
  std::vector<TextRange> offsets{};    ///< where in its text; {0, 0} for an added token
  std::vector<std::uint32_t> types{};  ///< which text, as the tokenizer numbers them (mostly 0 and 1)
  std::vector<bool> added{};           ///< not from a text, but put there by add_special
};

}  // namespace weft
