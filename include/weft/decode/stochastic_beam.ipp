// Definitions of decode/stochastic_beam.hpp: what does not depend on the sequence.
#pragma once

#include <algorithm>
#include <cmath>

#include "weft/decode/stochastic_beam.hpp"

namespace weft::detail {

WEFT_INLINE double gumbel_below(double mu, double bound, double u) { return mu - std::log(std::exp(mu - bound) - std::log(u)); }

WEFT_INLINE double least_of_greatest(std::vector<double> values, std::size_t n) {
  if (values.empty()) return 0;
  const auto at = values.end() - static_cast<std::ptrdiff_t>(std::min(n, values.size()));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace weft::detail
