// How weights are packed. What is computed with them: cpu_matmul_test.cpp.
#include "weft/backend/cpu/weight.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <vector>

#include "support.hpp"
#include "weft/core/error.hpp"

namespace {

using namespace weft;
using namespace weft::test;

TEST_CASE("a weight that is filled in parts, in any order, is the one packed at once") {
  Random random(8);
  for (const DType type : types) {
    CAPTURE(std::string(name(type)));
    const RandomMatrix matrix(type, 75, cols_near(type, 96), random);  // the last panel has 11 rows
    const auto whole = Cpu<>::pack(matrix.raw);
    auto weight = Cpu<>::place(matrix.raw);
    std::memset(const_cast<std::byte*>(weight.panels().data), 0x55, weight.bytes());  // memory is not always zeros
    for (const std::int64_t first_panel : {3, 0, 1}) {
      const std::int64_t row = first_panel * panel_rows, count = first_panel == 3 ? 75 - row : first_panel == 0 ? 16 : 32;
      Cpu<>::fill(matrix.raw.part(row, count), weight, first_panel);
    }
    CHECK(std::memcmp(weight.panels().data, whole.panels().data, whole.bytes()) == 0);
  }
}

TEST_CASE("gather gives every row as its block's definition does, bit for bit") {
  for (DType type : types) {
    CAPTURE(std::string(name(type)));
    const QuantLayout layout = quant_layout(type);
    if (layout.values == 0) continue;
    Random random(5);
    const std::int64_t cols = cols_near(type, 512);
    RandomMatrix matrix(type, 19, cols, random);
    const auto w = Cpu<>::pack(matrix.raw);
    std::vector<float> row(static_cast<std::size_t>(cols)), expected(row.size());
    const auto sub = static_cast<std::size_t>(layout.sub), values = static_cast<std::size_t>(layout.values);
    for (std::int64_t r = 0; r < 19; ++r) {
      for (std::size_t k = 0; k < expected.size(); k += values) {
        std::int8_t q[256];
        float d[16] = {}, m[16] = {};
        const std::byte* block =
            matrix.bytes.data() + (static_cast<std::size_t>(r * cols) + k) / values * info(type).bytes;
        with_block_format(type, [&](auto format) { format.unpack(block, q, d, m); });
        for (std::size_t i = 0; i < values; ++i) {
          const float scaled = d[i / sub] * static_cast<float>(q[i]);
          expected[k + i] = layout.has_min ? scaled + m[i / sub] : scaled;
        }
      }
      Cpu<>::gather(w, r, row.data());
      CHECK(same_bits(row, expected));
    }
  }
}

TEST_CASE("gather gives numbers as they are") {
  Random random(6);
  RandomMatrix matrix(DType::f32, 19, 37, random);
  const auto w = Cpu<>::pack(matrix.raw);
  std::vector<float> all(19 * 37);
  for (std::int64_t r = 0; r < 19; ++r) Cpu<>::gather(w, r, all.data() + r * 37);
  CHECK(std::memcmp(all.data(), matrix.bytes.data(), matrix.bytes.size()) == 0);
}

TEST_CASE("an empty matrix packs, and a type that has no kernel is refused by name") {
  const auto w = Cpu<>::pack({DType::f32, 0, 8, nullptr, "empty"});
  CHECK(w.bytes() == 0);
  std::byte block[512] = {};
  CHECK_THROWS_WITH_AS(Cpu<>::pack({DType::iq2_xxs, 1, 256, block, "blk.0.w"}),
                       doctest::Contains("tensor 'blk.0.w' has type IQ2_XXS"), Error);
  CHECK_THROWS_WITH_AS(Cpu<>::pack({DType::q8_0, 1, 33, block, "blk.1.w"}), doctest::Contains("blk.1.w"), Error);
}

TEST_CASE("weights in one arena lie one behind the other, outlive it and equal separate ones") {
  Random random(7);
  const RandomMatrix a(DType::q4_1, 40, 64, random), b(DType::f16, 3, 5, random), large(DType::f32, 16, 600000, random);
  std::vector<Cpu<>::Weight> weights;
  {
    Cpu<>::Arena arena;
    for (const RandomMatrix* m : {&a, &b, &large}) weights.push_back(Cpu<>::place(m->raw, &arena));
  }
  Cpu<>::fill(large.raw, weights[2]);
  Cpu<>::fill(a.raw, weights[0]);
  Cpu<>::fill(b.raw, weights[1]);
  CHECK(weights[1].panels().data == weights[0].panels().data + weights[0].bytes());
  const RandomMatrix* matrices[] = {&a, &b, &large};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto alone = Cpu<>::pack(matrices[i]->raw);
    CHECK(std::memcmp(alone.panels().data, weights[i].panels().data, alone.bytes()) == 0);
  }
}

}  // namespace
