// Logits for tests of steps, and plain versions of what the library does with tricks.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

#include "weft/core/error.hpp"
#include "weft/core/philox.hpp"
#include "weft/sample/step.hpp"

namespace weft::test {

inline constexpr float inf = std::numeric_limits<float>::infinity();

enum class Shape { smooth, peaked, tied, flat, excluded_mostly, count };

/// [n] logits of a shape, the same for the same seed.
inline std::vector<float> random_logits(std::uint64_t seed, std::size_t n, Shape shape) {
  std::vector<float> logits(n);
  for (std::size_t i = 0; i < n; ++i) {
    const auto u = static_cast<float>(uniform(seed, 1, i));
    switch (shape) {
      case Shape::smooth: logits[i] = 12 * u - 6; break;
      case Shape::peaked: logits[i] = 3 * u + (i == seed % n ? 15.0f : 0.0f); break;
      case Shape::tied: logits[i] = std::round(6 * u); break;
      case Shape::flat: logits[i] = 1.5f; break;
      default: logits[i] = i % 5 == seed % 5 ? 8 * u : -inf; break;
    }
  }
  return logits;
}

/// e^x / sum, in double, the plain way.
inline std::vector<double> plain_softmax(std::span<const float> logits) {
  const double max = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  std::vector<double> p;
  for (const float x : logits) p.push_back(std::exp(static_cast<double>(x) - max));
  const double sum = std::accumulate(p.begin(), p.end(), 0.0);
  for (double& x : p) x /= sum;
  return p;
}

/// Ids by falling logit, equals by id: a full sort.
inline std::vector<std::size_t> ranking(std::span<const float> logits) {
  std::vector<std::size_t> ids(logits.size());
  std::iota(ids.begin(), ids.end(), std::size_t{0});
  std::stable_sort(ids.begin(), ids.end(), [&](std::size_t a, std::size_t b) { return logits[a] > logits[b]; });
  return ids;
}

template <class S>
std::vector<float> applied(S step, std::vector<float> logits, const StepContext& context = {}) {
  weft::prepare(step, logits.size(), context.history.size());
  weft::apply(step, std::span<float>(logits), context);
  return logits;
}

/// The kind of the weft::Error that f throws; fails the test if it throws none.
template <class F>
ErrorKind kind_of_error(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.kind();
  }
  throw std::logic_error("no weft::Error was thrown");
}

}  // namespace weft::test
