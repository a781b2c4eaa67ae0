#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "support.hpp"

namespace {

using namespace weft;
using namespace weft::test;

constexpr std::int64_t lengths[] = {1, 2, 7, 16, 31, 32, 33, 64, 100, 576};

/// The distance from `exact` in units of the last place of a float of its size.
double ulps(float value, double exact) {
  const double size = std::abs(exact) < 0x1p-126 ? 0x1p-126 : std::abs(exact);
  return std::abs(static_cast<double>(value) - exact) / std::exp2(std::floor(std::log2(size)) - 23.0);
}

std::vector<float> sweep() {
  std::vector<float> x;
  for (int i = -30000; i <= 30000; ++i) x.push_back(static_cast<float>(i) * 0.003f);
  for (int e = -140; e < -8; ++e) x.insert(x.end(), {std::ldexp(1.3f, e), std::ldexp(-1.7f, e)});
  x.push_back(0.0f);
  return x;
}

double exact_activation(Activation act, double x) {
  switch (act) {
    case Activation::silu:
      return x / (1.0 + std::exp(-x));
    case Activation::gelu:
      return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
    case Activation::gelu_tanh:
      return x / (1.0 + std::exp(-2.0 * std::sqrt(2.0 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
    case Activation::relu:
      return x > 0.0 ? x : 0.0;
  }
  return 0.0;
}

TEST_CASE("activations are within 5 ulp where the result is not tiny, and within 2e-7 of |x| everywhere") {
  for_each_cpu([](auto cpu) {
    const std::vector<float> x = sweep();
    std::vector<float> y(x.size());
    for (const Activation act : {Activation::silu, Activation::gelu, Activation::gelu_tanh, Activation::relu}) {
      CAPTURE(static_cast<int>(act));
      cpu.activate(act, x.data(), static_cast<std::int64_t>(x.size()), y.data());
      double worst = 0.0, relative = 0.0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double exact = exact_activation(act, static_cast<double>(x[i]));
        if (x[i] > -1.0f && std::abs(x[i]) > 1e-30f) worst = std::max(worst, ulps(y[i], exact));
        relative = std::max(relative, std::abs(y[i] - exact) / (std::abs(static_cast<double>(x[i])) + 1e-30));
      }
      MESSAGE("worst: ", worst, " ulp, ", relative, " of |x|");
      CHECK(worst <= 5.0);
      CHECK(relative < 2e-7);
    }
  });
}

TEST_CASE("activations and gates treat NaN as NaN and large numbers as their limits") {
  for_each_cpu([](auto cpu) {
    const float big = std::numeric_limits<float>::max(), nan = std::numeric_limits<float>::quiet_NaN();
    const float x[] = {nan, big, -big, 100.0f, -1000.0f}, up[] = {1.0f, 1.0f, 1.0f, nan, 2.0f};
    float y[5];
    for (const Activation act : {Activation::silu, Activation::gelu, Activation::gelu_tanh, Activation::relu}) {
      CAPTURE(static_cast<int>(act));
      cpu.gate(act, x, up, 5, y);
      CHECK(std::isnan(y[0]));
      CHECK(y[1] == big);
      CHECK(y[2] == 0.0f);
      CHECK(std::isnan(y[3]));
      CHECK(y[4] == 0.0f);
    }
  });
}

TEST_CASE("gate multiplies the activation by up, and add adds, for every length and in place") {
  for_each_cpu([](auto cpu) {
    for (const std::int64_t n : lengths) {
      Random random(11);
      const auto x = random.vector(n, 3.0f), up = random.vector(n);
      std::vector<float> act(x.size()), gated = x, sum = x;
      cpu.activate(Activation::silu, x.data(), n, act.data());
      cpu.gate(Activation::silu, gated.data(), up.data(), n, gated.data());
      cpu.add(up.data(), n, sum.data());
      for (std::size_t i = 0; i < x.size(); ++i) {
        CHECK(gated[i] == act[i] * up[i]);
        CHECK(sum[i] == x[i] + up[i]);
      }
    }
  });
}

TEST_CASE("norms are within 1e-6 of double arithmetic for every length") {
  for_each_cpu([](auto cpu) {
    for (const std::int64_t n : lengths) {
      Random random(12);
      const auto x = random.vector(n), w = random.vector(n), b = random.vector(n);
      double mean = 0.0, squares = 0.0, variance = 0.0;
      for (const float v : x) mean += static_cast<double>(v) / static_cast<double>(n);
      for (const float v : x) squares += static_cast<double>(v) * v / static_cast<double>(n);
      for (const float v : x) variance += (v - mean) * (v - mean) / static_cast<double>(n);
      std::vector<float> rms(x.size()), layer(x.size()), plain(x.size());
      cpu.rms_norm(x.data(), w.data(), 1e-5f, n, rms.data());
      cpu.layer_norm(x.data(), w.data(), b.data(), 1e-5f, n, layer.data());
      cpu.layer_norm(x.data(), w.data(), nullptr, 1e-5f, n, plain.data());
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double expected = x[i] / std::sqrt(squares + 1e-5) * w[i];
        CHECK(std::abs(rms[i] - expected) <= 1e-6 * std::abs(expected));
        const double normal = (x[i] - mean) / std::sqrt(variance + 1e-5) * w[i];
        CHECK(std::abs(plain[i] - normal) <= 1e-6 * (std::abs(normal) + 1.0));
        CHECK(std::abs(layer[i] - (normal + b[i])) <= 1e-6 * (std::abs(normal) + std::abs(b[i]) + 1.0));
      }
    }
  });
}

TEST_CASE("rope rotates each pair of its style and leaves what is past n alone") {
  for_each_cpu([](auto cpu) {
    for (const std::int64_t n : {2, 8, 20, 32, 64, 80, 128})
      for (const RopeStyle style : {RopeStyle::half, RopeStyle::interleaved}) {
        Random random(13);
        const auto x = random.vector(n + 3);
        std::vector<float> cos_sin(static_cast<std::size_t>(n)), y = x;
        for (std::int64_t i = 0; i < n / 2; ++i) {
          cos_sin[static_cast<std::size_t>(i)] = std::cos(static_cast<float>(i));
          cos_sin[static_cast<std::size_t>(n / 2 + i)] = std::sin(static_cast<float>(i));
        }
        cpu.rope(y.data(), cos_sin.data(), n, style);
        for (std::int64_t i = 0; i < n / 2; ++i) {
          const auto a = static_cast<std::size_t>(style == RopeStyle::half ? i : 2 * i);
          const auto b = static_cast<std::size_t>(style == RopeStyle::half ? i + n / 2 : 2 * i + 1);
          const double c = cos_sin[static_cast<std::size_t>(i)], s = cos_sin[static_cast<std::size_t>(n / 2 + i)];
          CHECK(y[a] == doctest::Approx(x[a] * c - x[b] * s).epsilon(1e-6));
          CHECK(y[b] == doctest::Approx(x[b] * c + x[a] * s).epsilon(1e-6));
        }
        for (std::size_t i = static_cast<std::size_t>(n); i < x.size(); ++i) CHECK(y[i] == x[i]);
      }
  });
}

TEST_CASE("quantised blocks hold the nearest of 255 steps and the sums that matmul needs") {
  for_each_cpu([](auto cpu) {
    for (const std::int64_t n : lengths) {
      Random random(14);
      auto x = random.vector(n, 5.0f);
      AlignedBytes bytes(cpu.quantised_bytes(n));
      CHECK(bytes.size() % 64 == 0);
      cpu.quantise(x.data(), n, 1, bytes.data());
      x.resize(bytes.size() / 64 * 32);
      const auto* blocks = reinterpret_cast<const cpu::QuantBlock*>(bytes.data());
      for (std::size_t b = 0; b < bytes.size() / 64; ++b) {
        float top = 0.0f;
        int halves[2] = {};
        for (std::size_t i = 0; i < 32; ++i) {
          top = std::max(top, std::abs(x[b * 32 + i]));
          halves[i / 16] += blocks[b].q[i];
          CHECK(std::abs(blocks[b].q[i] * static_cast<double>(blocks[b].d) - x[b * 32 + i]) <= 0.5001 * blocks[b].d);
          CHECK(blocks[b].q[i] != -128);
        }
        CHECK(blocks[b].d == top / 127.0f);
        CHECK(blocks[b].q_half_sum[0] == halves[0]);
        CHECK(blocks[b].q_half_sum[1] == halves[1]);
        CHECK(blocks[b].q_sum == halves[0] + halves[1]);
        CHECK(blocks[b].sum == blocks[b].d * static_cast<float>(blocks[b].q_sum));
      }
    }
  });
}

TEST_CASE("a second plane holds what the first leaves: 16 bits in all") {
  for_each_cpu([](auto cpu) {
    for (const std::int64_t n : lengths) {
      Random random(16);
      auto x = random.vector(n, 5.0f);
      const auto plane = cpu.quantised_bytes(n);
      AlignedBytes one(plane), two(2 * plane);
      cpu.quantise(x.data(), n, 1, one.data());
      cpu.quantise(x.data(), n, 2, two.data());
      CHECK(std::memcmp(one.data(), two.data(), plane) == 0);
      const auto* first = reinterpret_cast<const cpu::QuantBlock*>(two.data());
      const auto* second = first + plane / sizeof(cpu::QuantBlock);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const auto &a = first[i / 32], &b = second[i / 32];
        const double value = static_cast<double>(a.d) * a.q[i % 32] + static_cast<double>(b.d) * b.q[i % 32];
        CHECK(std::abs(value - static_cast<double>(x[i])) <= static_cast<double>(a.d) / 500);  // top / 127 / 254 / 2
      }
    }
  });
}

TEST_CASE("blocks of zeros, of subnormal numbers and of infinities quantise without undefined behaviour") {
  for_each_cpu([](auto cpu) {
    AlignedBytes bytes(64);
    const auto* block = reinterpret_cast<const cpu::QuantBlock*>(bytes.data());
    for (const float value : {0.0f, 1e-42f, 1e-37f, std::numeric_limits<float>::max()}) {
      const std::vector<float> x(32, value);
      cpu.quantise(x.data(), 32, 1, bytes.data());
      CHECK(std::isfinite(block->d));
      CHECK(std::abs(block->d * static_cast<double>(block->q[5]) - value) <= std::max(value * 1e-6, 2e-36));
    }
    for (const float value : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
      std::vector<float> x(32, 1.0f);
      x[17] = value;
      cpu.quantise(x.data(), 32, 1, bytes.data());
      CHECK(std::isnan(block->d));
      CHECK(std::isnan(block->sum));
    }
  });
}

TEST_CASE("every instruction set gives the same bits for every elementwise primitive") {
  Random random(15);
  const std::int64_t n = 1000;
  const auto x = random.vector(n, 8.0f), w = random.vector(n), b = random.vector(n);
  std::vector<float> expected;
  for_each_cpu([&](auto cpu) {
    std::vector<float> all;
    std::vector<float> y(x.size());
    const auto keep = [&] { all.insert(all.end(), y.begin(), y.end()); };
    for (const Activation act : {Activation::silu, Activation::gelu, Activation::gelu_tanh, Activation::relu})
      cpu.gate(act, x.data(), w.data(), n, y.data()), keep();
    cpu.rms_norm(x.data(), w.data(), 1e-6f, n, y.data()), keep();
    cpu.layer_norm(x.data(), w.data(), b.data(), 1e-6f, n, y.data()), keep();
    y = x;
    cpu.rope(y.data(), w.data(), n, RopeStyle::half), cpu.rope(y.data(), b.data(), n, RopeStyle::interleaved), keep();
    y = x;
    cpu.add(b.data(), n, y.data()), keep();
    AlignedBytes blocks(2 * cpu.quantised_bytes(n));
    cpu.quantise(x.data(), n, 2, blocks.data());
    std::vector<float> raw(blocks.size() / 4);
    std::memcpy(raw.data(), blocks.data(), blocks.size());
    all.insert(all.end(), raw.begin(), raw.end());
    if (expected.empty()) expected = all;
    CHECK(same_bits(all, expected));
  });
}

}  // namespace
