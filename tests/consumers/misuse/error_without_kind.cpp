// expect: no matching (function|constructor)
#include "weft/core/error.hpp"

void refuse() { throw weft::Error("a message alone"); }
