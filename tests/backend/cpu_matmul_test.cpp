#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "support.hpp"
#include "weft/core/error.hpp"

namespace {

using namespace weft;
using namespace weft::test;

template <class Backend>
std::vector<float> multiply(const typename Backend::Weight& w, Activations<Backend>& x, std::int64_t first,
                            std::int64_t rows) {
  std::vector<float> out(static_cast<std::size_t>(rows * w.rows()), -7.0f);
  Backend::matmul(w, 0, w.panel_count(), x.operand(first), rows, out.data(), w.rows());
  return out;
}

/// The sum over the same operands in double, and the sum of the magnitudes of its terms.
struct Exact {
  double value = 0.0, magnitude = 0.0;
};
template <class Backend>
Exact exact(const typename Backend::Weight& w, std::int64_t row, Activations<Backend>& x, std::int64_t r) {
  std::vector<float> weights(static_cast<std::size_t>(w.cols()));
  Backend::gather(w, row, weights.data());
  const auto* blocks = reinterpret_cast<const cpu::QuantBlock*>(x.row(static_cast<std::size_t>(r)));
  const std::int64_t plane = (x.cols + 31) / 32;
  Exact e;
  for (std::int64_t k = 0; k < w.cols(); ++k) {
    double activation = 0;
    for (std::int32_t p = 0; p < x.planes; ++p) {
      const cpu::QuantBlock& b = blocks[p * plane + k / 32];
      activation += static_cast<double>(b.d) * b.q[k % 32];
    }
    if (!Backend::quantises(w)) activation = static_cast<double>(x.values[static_cast<std::size_t>(r * x.cols + k)]);
    const double term = static_cast<double>(weights[static_cast<std::size_t>(k)]) * activation;
    e.value += term;
    e.magnitude += std::abs(term);
  }
  return e;
}

TEST_CASE("every product is the float64 sum over the same operands within 1e-6 of the sum of its terms' magnitudes") {
  for_each_cpu([](auto cpu) {
    using Backend = decltype(cpu);
    Random random(1);
    double worst = 0.0;
    for (DType type : types) {
      CAPTURE(std::string(name(type)));
      for (std::int64_t rows : {1, 15, 16, 17, 40})
        for (std::int64_t blocks : {1, 2, 3, 18, 33}) {
          const std::int64_t cols = cols_near(type, blocks * 32);
          RandomMatrix matrix(type, rows, cols, random);
          const auto w = Backend::pack(matrix.raw);
          const auto values = random.vector(5 * cols);
          for (const std::int32_t planes : {1, 2}) {
            Activations<Backend> x(values, cols, planes);
            const auto out = multiply<Backend>(w, x, 0, 5);
            for (std::int64_t r = 0; r < 5; ++r)
              for (std::int64_t i = 0; i < rows; ++i) {
                const Exact e = exact<Backend>(w, i, x, r);
                const double error = std::abs(out[static_cast<std::size_t>(r * rows + i)] - e.value) / e.magnitude;
                worst = error > worst ? error : worst;
              }
          }
        }
    }
    MESSAGE("worst error: ", worst);
    CHECK(worst < 1e-6);
  });
}

TEST_CASE("the same bits come from every instruction set, for every number of rows at once and every slice of panels") {
  for (DType type : types) {
    CAPTURE(std::string(name(type)));
    Random random(2);
    const std::int64_t rows = 70, cols = cols_near(type, 224);
    RandomMatrix matrix(type, rows, cols, random);
    const std::vector<float> values = random.vector(17 * cols);
    std::vector<float> expected[2];
    for_each_cpu([&](auto cpu) {
      using Backend = decltype(cpu);
      const auto w = Backend::pack(matrix.raw);
      for (const std::int32_t planes : {1, 2}) {
        auto& bits = expected[planes - 1];
        Activations<Backend> x(values, cols, planes);
        const auto all = multiply<Backend>(w, x, 0, 17);
        if (bits.empty()) bits = all;
        CHECK(same_bits(all, bits));
        for (std::int64_t width = 1; width < 17; ++width)
          for (std::int64_t first = 0; first + width <= 17; first += width) {
            const auto part = multiply<Backend>(w, x, first, width);
            CHECK(std::memcmp(part.data(), bits.data() + first * rows, part.size() * 4) == 0);
          }
        std::vector<float> sliced(bits.size());
        for (std::int64_t p = 0; p < w.panel_count(); ++p)
          Backend::matmul(w, p, p + 1, x.operand(), 17, sliced.data(), rows);
        CHECK(same_bits(sliced, bits));
      }
    });
  }
}

TEST_CASE("rows that are multiplied together, however many, with however many columns and planes, have the bits of each alone") {
  for_each_cpu([](auto cpu) {
    using Backend = decltype(cpu);
    if (Backend::name() == "scalar") return;  // has no products of many rows
    for (DType type : types) {
      if (quant_layout(type).values == 0) continue;
      CAPTURE(std::string(name(type)));
      Random random(8);
      for (const std::int64_t blocks : {1, 8, 33, 264}) {  // one plane goes in parts of 32 blocks, two all at once, or not at all
        const std::int64_t rows = 37, cols = cols_near(type, blocks * 32), most = blocks == 264 ? 41 : 261;
        RandomMatrix matrix(type, rows, cols, random);
        const auto w = Backend::pack(matrix.raw);
        const auto values = random.vector(most * cols);
        for (const std::int32_t planes : {1, 2}) {
          Activations<Backend> x(values, cols, planes);
          std::vector<float> expected(static_cast<std::size_t>(most * 50), -7.0f);
          for (std::int64_t r = 0; r < most; ++r)
            Backend::matmul(w, 0, w.panel_count(), x.operand(r), 1, expected.data() + r * 50, 50);
          for (const std::int64_t count : {8, 15, 16, 17, 40, 128, 261}) {
            if (count > most) continue;
            CAPTURE(count);
            std::vector<float> out(static_cast<std::size_t>(count * 50), -7.0f);
            Backend::matmul(w, 0, w.panel_count(), x.operand(), count, out.data(), 50);
            CHECK(std::memcmp(out.data(), expected.data(), out.size() * 4) == 0);
          }
        }
      }
    }
  });
}

TEST_CASE("only rows that exist and panels that were asked for are written") {
  for_each_cpu([](auto cpu) {
    using Backend = decltype(cpu);
    for (DType type : types) {
      Random random(3);
      const std::int64_t cols = cols_near(type, 64);
      RandomMatrix matrix(type, 37, cols, random);
      const auto w = Backend::pack(matrix.raw);
      Activations<Backend> x(random.vector(3 * cols), cols);
      std::vector<float> out(3 * 50, -7.0f);
      Backend::matmul(w, 1, 3, x.operand(), 3, out.data(), 50);
      for (std::size_t r = 0; r < 3; ++r)
        for (std::size_t i = 0; i < 50; ++i) CHECK((out[r * 50 + i] == -7.0f) == (i < 16 || i >= 37));
    }
  });
}

TEST_CASE("extreme weights and activations are multiplied without saturation") {
  for_each_cpu([](auto cpu) {
    using Backend = decltype(cpu);
    for (const int sign : {-1, 1}) {
      std::vector<std::byte> block(34);
      const std::uint16_t one = f32_to_f16(1.0f);
      std::memcpy(block.data(), &one, 2);
      for (std::size_t k = 0; k < 32; ++k) block[2 + k] = static_cast<std::byte>(128);  // -128
      const auto w = Backend::pack({DType::q8_0, 1, 32, block.data(), "extreme"});
      Activations<Backend> x(std::vector<float>(32, 127.0f * static_cast<float>(sign)), 32);
      float out = 0.0f;
      Backend::matmul(w, 0, 1, x.operand(), 1, &out, 1);
      CHECK(out == static_cast<float>(-128 * 127 * 32 * sign));

      std::vector<std::byte> nibbles(20, static_cast<std::byte>(0xff));
      const std::uint16_t zero = 0;
      std::memcpy(nibbles.data(), &one, 2);
      std::memcpy(nibbles.data() + 2, &zero, 2);
      const auto w4 = Backend::pack({DType::q4_1, 1, 32, nibbles.data(), "extreme"});
      Backend::matmul(w4, 0, 1, x.operand(), 1, &out, 1);
      CHECK(out == static_cast<float>(15 * 127 * 32 * sign));
    }
  });
}

TEST_CASE("blocks of nothing but extreme integers, times extreme activations, saturate in no format") {
  for_each_cpu([](auto cpu) {
    using Backend = decltype(cpu);
    for (DType type : types) {
      if (quant_layout(type).values == 0) continue;
      CAPTURE(std::string(name(type)));
      const std::int64_t cols = cols_near(type, 64);
      for (const unsigned fill : {0x00u, 0x80u, 0xffu}) {
        Random random(9);
        RandomMatrix matrix(type, 16, cols, random);
        for (std::size_t at = 0; at < matrix.bytes.size(); at += info(type).bytes) {
          std::fill_n(matrix.bytes.begin() + static_cast<std::ptrdiff_t>(at), info(type).bytes, static_cast<std::byte>(fill));
          const std::uint16_t one = f32_to_f16(1.0f);
          for (const std::size_t offset : scales_of(type)) std::memcpy(matrix.bytes.data() + at + offset, &one, 2);
          if (type == DType::mxfp4) matrix.bytes[at] = static_cast<std::byte>(128);
        }
        const auto w = Backend::pack(matrix.raw);
        for (const float sign : {-1.0f, 1.0f}) {
          Activations<Backend> x(std::vector<float>(static_cast<std::size_t>(4 * cols), 127.0f * sign), cols);
          const Exact e = exact<Backend>(w, 0, x, 0);
          for (const float value : multiply<Backend>(w, x, 0, 4)) CHECK(std::abs(value - e.value) <= 1e-6 * e.magnitude);
        }
      }
    }
  });
}

TEST_CASE("an activation that is not finite makes its row's results not finite and no other's") {
  for_each_cpu([](auto cpu) {
    using Backend = decltype(cpu);
    for (DType type : types)
      for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                              -std::numeric_limits<float>::infinity()}) {
        Random random(4);
        const std::int64_t cols = cols_near(type, 96);
        RandomMatrix matrix(type, 16, cols, random);
        const auto w = Backend::pack(matrix.raw);
        std::vector<float> values = random.vector(3 * cols);
        values[static_cast<std::size_t>(cols) + 41] = bad;
        for (const std::int32_t planes : {1, 2}) {
          Activations<Backend> x(values, cols, planes);
          const auto out = multiply<Backend>(w, x, 0, 3);
          for (std::size_t i = 0; i < 16; ++i) {
            CHECK(std::isfinite(out[i]));
            CHECK(!std::isfinite(out[16 + i]));
            CHECK(std::isfinite(out[32 + i]));
          }
        }
      }
  });
}

TEST_CASE("every power of two that MXFP4 can have as a scale reaches gather and the products") {
  for_each_cpu([](auto cpu) {
    using Backend = decltype(cpu);
    std::vector<std::byte> bytes(256 * 17, static_cast<std::byte>(0x22));  // 1.0
    for (std::size_t row = 0; row < 256; ++row) bytes[row * 17] = static_cast<std::byte>(row);
    const auto w = Backend::pack({DType::mxfp4, 256, 32, bytes.data(), "powers"});
    std::vector<float> x(32);
    x[0] = 127.0f;  // so that the activations' scale is 1
    Activations<Backend> activations(x, 32);
    const auto out = multiply<Backend>(w, activations, 0, 1);
    for (int row = 0; row < 256; ++row) {
      float values[32];
      Backend::gather(w, row, values);
      CHECK(values[31] == std::ldexp(1.0f, row - 127));
      CHECK(out[static_cast<std::size_t>(row)] == std::ldexp(127.0f, row - 127));
    }
  });
}
}  // namespace
