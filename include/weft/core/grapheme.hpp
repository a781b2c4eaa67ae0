// Extended grapheme clusters: what a reader takes for one character. Unicode 15.0.
// Source: UAX #29, section 3.1.1, rules GB1 to GB13.
#pragma once

#include <cstddef>
#include <string_view>

#include "weft/core/config.hpp"

namespace weft {

/// Where the cluster that begins at text[at] ends; at < text.size(). Linear in the cluster.
std::size_t grapheme_end(std::string_view text, std::size_t at) noexcept;

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/core/grapheme.ipp"
#endif
