// Models of the library's own backends, and decoding with them: with weft::compiled they are compiled once, in the library. Declared is what the
// default backend wants: a declaration costs a program the whole class, and of the others only Generation would be compiled by it again.
#pragma once

#ifdef WEFT_COMPILED
#include "weft/backend/cpu/cpu.hpp"
#include "weft/decode/generation.hpp"
#include "weft/model/model.hpp"
#include "weft/model/sequence.hpp"

namespace weft {

extern template class Model<Cpu<>>;
extern template class detail::Generation<Sequence<Cpu<>>>;

}  // namespace weft
#endif
