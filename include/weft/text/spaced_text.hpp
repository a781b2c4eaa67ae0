// A text in which spaces stand for U+2581, with which SentencePiece's vocabularies write them, and where its bytes stood. Not API.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weft/text/bpe.hpp"
#include "weft/text/encoding.hpp"

namespace weft::detail {

struct SpacedText {
  std::string text{};
  std::vector<std::uint32_t> origin{};  ///< of each byte and of the end, if tracked: then only of the part that came last

  /// The text becomes the part, or where nothing is tracked gains it. front: with a space before it.
  void append(std::string_view part, bool front, bool tracked) {
    if (tracked) {
      text.clear();
      origin.assign(front ? 1 : 0, 0);
    }
    if (front) text.push_back(' ');
    for (std::size_t at = 0; at < part.size();) {
      const std::size_t mark = std::min(part.find(space_mark, at), part.size());
      text.append(part, at, mark - at);
      if (mark < part.size()) text.push_back(' ');
      for (std::size_t i = at; tracked && i < std::min(mark + 1, part.size()); ++i) origin.push_back(static_cast<std::uint32_t>(i));
      at = std::min(mark + space_mark.size(), part.size());
    }
    if (tracked) origin.push_back(static_cast<std::uint32_t>(part.size()));
  }

  /// Where bytes [begin, end) stood in a text that holds the part at `offset`.
  [[nodiscard]] TextRange range(std::size_t begin, std::size_t end, std::size_t offset) const { return {offset + origin[begin], offset + origin[end]}; }
};

}  // namespace weft::detail
