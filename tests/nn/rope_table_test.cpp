#include "weft/nn/rope_table.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include <vector>

TEST_CASE("sine and cosine are those of the C library to within 1e-15, for angles of any size that a position gives") {
  double worst = 0;
  for (int i = 0; i < 200000; ++i) {
    const double x = (i % 2 ? -1 : 1) * std::pow(1.0001, i) * 1e-3;  // 1e-3 ... 5e5
    const auto [sin, cos] = weft::nn::sin_cos(x);
    worst = std::max({worst, std::fabs(sin - std::sin(x)), std::fabs(cos - std::cos(x))});
  }
  CHECK(worst < 1e-15);
}

TEST_CASE("the table holds cosines, then sines, times the attention factor") {
  const std::vector<float> frequencies{1.0f, 0.1f, 0.01f};
  const weft::nn::RopeRef rope{weft::RopeStyle::half, 6, frequencies.data(), 2.0f};
  std::vector<float> table(6);
  weft::nn::fill_cos_sin(rope, 100, table.data());
  for (std::size_t i = 0; i < 3; ++i) {
    const float angle = 100.0f * frequencies[i];
    CHECK(table[i] == doctest::Approx(2 * std::cos(static_cast<double>(angle))).epsilon(1e-6));
    CHECK(table[3 + i] == doctest::Approx(2 * std::sin(static_cast<double>(angle))).epsilon(1e-6));
  }
  weft::nn::fill_cos_sin(rope, 0, table.data());
  CHECK(table == std::vector<float>{2, 2, 2, 0, 0, 0});
}
