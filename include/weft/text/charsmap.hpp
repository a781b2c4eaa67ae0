// SentencePiece's precompiled map of characters: what is normalised to what, as a trie over bytes and a pool of texts. Not API.
// Source: SentencePiece (normalizer.cc, builder.cc); Darts-clone for the units of the trie.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/config.hpp"
#include "weft/core/normalize.hpp"

namespace weft::detail {

class Charsmap {
 public:
  /// blob: u32 size of the trie in bytes, the trie's u32 units, then texts ended by zero bytes. Throws Error(format) for what is cut
  /// short; units that lead outside are found when they are met, and end the search.
  Charsmap(std::string_view blob, std::string_view where);

  /// What the first entry that is a prefix of the text goes to.
  [[nodiscard]] std::optional<std::string_view> find_shortest(std::string_view text) const noexcept;
  /// What the longest one goes to, and its length.
  [[nodiscard]] std::optional<std::string_view> find_longest(std::string_view text, std::size_t& length) const noexcept;

  /// The text by grapheme clusters under six bytes, else by characters, as Hugging Face's library applies it. Throws Error(resource) for more
  /// than `most` codes.
  void normalize_codes(std::string_view text, std::vector<NormalCode>& out, std::uint64_t most) const;

 private:
  template <class Found>
  void walk(std::string_view text, const Found& found) const noexcept;
  [[nodiscard]] std::string_view text_at(std::uint32_t offset) const noexcept;

  std::vector<std::uint32_t> units_;
  std::string texts_;
};

/// The bytes that a text in base 64 stands for (RFC 4648, section 4); nothing for what is none.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace weft::detail

#ifndef WEFT_COMPILED
#include "weft/text/charsmap.ipp"
#endif
