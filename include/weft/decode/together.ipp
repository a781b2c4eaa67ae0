// Definitions of decode/together.hpp.
#pragma once

#include <algorithm>

#include "weft/core/config.hpp"
#include "weft/core/error.hpp"
#include "weft/decode/options.hpp"
#include "weft/decode/together.hpp"

namespace weft::detail {

WEFT_INLINE void keep_best(std::vector<Result>& results, std::int64_t returned) {
  std::stable_sort(results.begin(), results.end(), [](const Result& a, const Result& b) { return a.score > b.score; });
  if (results.size() > static_cast<std::size_t>(returned)) results.resize(static_cast<std::size_t>(returned));
}

WEFT_INLINE void check_samples(std::int64_t samples, std::int64_t returned) {
  check_branches(samples, "number of samples");
  if (returned < 1 || returned > samples)
    fail(ErrorKind::argument, "the best ", returned, " of ", samples, " samples: expected 1 to the number of samples");
}

}  // namespace weft::detail
