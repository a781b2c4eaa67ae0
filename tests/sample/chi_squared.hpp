// Pearson's chi-squared test of draws against probabilities.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <vector>

namespace weft::test {

// Pearson's statistic of n draws against probabilities; cells that expect less than 5 are joined.
struct ChiSquared {
  double statistic = 0;
  int degrees = -1;
};
inline ChiSquared chi_squared(const std::vector<std::size_t>& counts, const std::vector<double>& probabilities,
                              double n) {
  ChiSquared result;
  double expected = 0, found = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (probabilities[i] == 0) CHECK(counts[i] == 0);
    expected += probabilities[i] * n;
    found += static_cast<double>(counts[i]);
    if (expected < 5) continue;
    result.statistic += (found - expected) * (found - expected) / expected;
    ++result.degrees;
    expected = found = 0;
  }
  return result;
}

// Wilson and Hilferty's normal approximation of the chi-squared quantile at 4.26 sigma (p = 1e-5).
inline double chi_squared_bound(int degrees) {
  const double k = degrees, a = 2 / (9 * k);
  return k * std::pow(1 - a + 4.26 * std::sqrt(a), 3);
}

}  // namespace weft::test
