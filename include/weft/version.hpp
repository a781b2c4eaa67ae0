// The version of the library; CMake reads it from here.
#pragma once

#include <string_view>

#define WEFT_VERSION_MAJOR 0
#define WEFT_VERSION_MINOR 1
#define WEFT_VERSION_PATCH 0

namespace weft {

/// "major.minor.patch". Before 1.0 a new minor version may break what uses the library; a new patch does not.
inline constexpr std::string_view version = "0.1.0";

}  // namespace weft
