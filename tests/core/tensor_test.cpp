#include "weft/core/tensor.hpp"

#include <doctest/doctest.h>

#include <cstdint>

TEST_CASE("indexing a tensor walks its rows in order") {
  weft::Tensor<int, 3> t({2, 3, 4});
  for (std::int64_t i = 0; i < t.size(); ++i) t.flat()[static_cast<std::size_t>(i)] = static_cast<int>(i);
  CHECK(t[1][2][3] == 23);
  CHECK(t[0][1].shape()[0] == 4);
  t[1][0][0] = -1;
  CHECK(t.data()[12] == -1);
  const auto& constant = t;
  CHECK(constant[1][0][0] == -1);
  const weft::TensorView<const int, 3> view = t.view();
  CHECK(view[0][0][1] == 1);
}

TEST_CASE("a new tensor is zero and aligned to a cache line") {
  weft::Tensor<float, 2> t({7, 5});
  CHECK(reinterpret_cast<std::uintptr_t>(t.data()) % 64 == 0);
  for (const float x : t.flat()) CHECK(x == 0.0f);
  CHECK(weft::Tensor<float, 2>({0, 5}).size() == 0);
}

TEST_CASE("impossible shapes are refused before anything is allocated") {
  using T = weft::Tensor<float, 2>;
  CHECK_THROWS_AS(T({-1, 2}), weft::Error);
  CHECK_THROWS_AS(T({std::int64_t{1} << 40, std::int64_t{1} << 40}), weft::Error);
  CHECK_THROWS_AS(T({INT64_MAX, 2}), weft::Error);
}
