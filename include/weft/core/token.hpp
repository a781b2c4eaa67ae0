// The id of a token in a model's vocabulary.
#pragma once

#include <cstdint>

namespace weft {

using Token = std::int32_t;

}  // namespace weft
