// Definitions of core/token.hpp.
#pragma once

#include <algorithm>

#include "weft/core/token.hpp"

namespace weft::detail {

WEFT_INLINE std::size_t common_prefix(std::span<const Token> a, std::span<const Token> b) noexcept {
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

}  // namespace weft::detail
