// The tiny text model as the backend Cpu<> runs it, loaded once for all tests of decoding.
#pragma once

#include "support/tiny_text_model.hpp"
#include "weft/backend/cpu/cpu.hpp"
#include "weft/instances.hpp"
#include "weft/model/model.hpp"

namespace weft::test {

inline const Model<Cpu<>>& tiny() { return tiny_text_model<Model<Cpu<>>>(); }

}  // namespace weft::test
