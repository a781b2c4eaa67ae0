// The id of a token in a model's vocabulary.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "weft/core/config.hpp"

namespace weft {

using Token = std::int32_t;

namespace detail {
/// How many tokens two texts begin with alike.
std::size_t common_prefix(std::span<const Token> a, std::span<const Token> b) noexcept;
}  // namespace detail

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/core/token.ipp"
#endif
