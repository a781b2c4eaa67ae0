// The precision of keys and values by the name that a command line gives it.
#pragma once

#include <string_view>

#include "weft/backend/concept.hpp"

namespace example {

/// "f32", "f16" or "q8"; the option has checked that it is one of them.
inline weft::KvType kv_type(std::string_view name) {
  if (name == "f32") return weft::KvType::f32;
  return name == "q8" ? weft::KvType::q8 : weft::KvType::f16;
}

}  // namespace example
