// flags: -ffast-math
// expect: Weft needs IEEE arithmetic
#include "weft/core/config.hpp"
