// A request for hidden states on their way through the model.
#pragma once

#include <cstdint>

namespace weft::nn {

/// Row `row` of the residual stream after `layer` layers is copied to out, [width].
struct Tap {
  std::int64_t layer = 0;
  std::int64_t row = 0;
  float* out = nullptr;
};

}  // namespace weft::nn
