#include "weft/core/log_prob.hpp"

#include <doctest/doctest.h>

#include <vector>

TEST_CASE("log-probabilities of a softmax sum to one and survive large logits") {
  const std::vector<float> x{1000.0f, 1001.0f, -std::numeric_limits<float>::infinity(), 999.0f};
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += std::exp(weft::log_prob(x, i));
  CHECK(sum == doctest::Approx(1.0).epsilon(1e-12));
  CHECK(weft::log_prob(x, 1) == doctest::Approx(-0.40760596444438).epsilon(1e-12));
  CHECK(weft::log_prob(x, 2) == -std::numeric_limits<double>::infinity());
}
