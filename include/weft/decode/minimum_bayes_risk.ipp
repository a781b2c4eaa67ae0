// Definitions of decode/minimum_bayes_risk.hpp.
#pragma once

#include <algorithm>

#include "weft/core/config.hpp"
#include "weft/decode/minimum_bayes_risk.hpp"

namespace weft {

WEFT_INLINE double unigram_f1(const Result& a, const Result& b) {
  auto x = a.tokens, y = b.tokens;
  if (x.empty() && y.empty()) return 1;
  std::sort(x.begin(), x.end());
  std::sort(y.begin(), y.end());
  std::size_t both = 0;
  for (auto i = x.begin(), j = y.begin(); i != x.end() && j != y.end();) {
    if (*i == *j)
      ++both, ++i, ++j;
    else if (*i < *j)
      ++i;
    else
      ++j;
  }
  return 2 * static_cast<double>(both) / static_cast<double>(x.size() + y.size());
}

}  // namespace weft
