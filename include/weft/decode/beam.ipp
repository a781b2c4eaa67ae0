// Definitions of decode/beam.hpp.
#pragma once

#include "weft/decode/beam.hpp"

namespace weft {

WEFT_INLINE Beam<> beam(const BeamOptions& options) {
  detail::check_branches(options.width, "beam width");
  if (options.returned < 1 || options.returned > options.width)
    fail(ErrorKind::argument, "beam search returns ", options.returned, " of width ", options.width, ": expected 1 to the width");
  if (!std::isfinite(options.length_penalty)) fail(ErrorKind::argument, "the length penalty is not finite");
  if (options.groups < 1 || options.width % options.groups != 0)
    fail(ErrorKind::argument, options.groups, " groups of beams: expected a divisor of the width, ", options.width);
  if (!(options.diversity >= 0) || !std::isfinite(options.diversity))
    fail(ErrorKind::argument, "the diversity ", options.diversity, ": expected 0 or more");
  detail::check(options.forced);
  Beam<> made;
  made.options = options;
  return made;
}

}  // namespace weft
