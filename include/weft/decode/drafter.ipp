// Definitions of decode/drafter.hpp.
#pragma once

#include "weft/decode/drafter.hpp"

namespace weft {

WEFT_INLINE void Draft::add(Token token, std::uint8_t how_sure) {
  if (!parents.empty()) parents.push_back(static_cast<std::int32_t>(size()) - 1);
  tokens.push_back(token);
  trust.push_back(how_sure < most_trust ? how_sure : most_trust);
}

WEFT_INLINE void Draft::add_after(std::int32_t parent, Token token, std::uint8_t how_sure) {
  while (parents.size() < size()) parents.push_back(static_cast<std::int32_t>(parents.size()) - 1);
  add(token, how_sure);
  parents.resize(size() - 1);
  parents.push_back(parent);
}

WEFT_INLINE void Draft::cut(std::size_t count) {
  tokens.resize(std::min(count, tokens.size()));
  trust.resize(std::min(count, trust.size()));
  parents.resize(std::min(count, parents.size()));
}

}  // namespace weft
