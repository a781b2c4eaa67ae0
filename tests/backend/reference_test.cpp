// The fast backends against the oracle, primitive by primitive: what Eigen computes in the plainest way.
#include "weft/backend/reference.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "backend/support.hpp"

namespace {

using namespace weft;

void check_close(std::span<const float> a, std::span<const float> b, double tolerance) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    worst = std::max(worst, std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i])) / std::max(1.0, std::fabs(static_cast<double>(b[i]))));
  CHECK(worst <= tolerance);
}

}  // namespace

TEST_CASE("elementwise primitives agree with the reference") {
  test::Random random(1);
  for (const std::int64_t n : {1, 15, 16, 33, 576}) {
    CAPTURE(n);
    const auto x = random.vector(n, 2), y = random.vector(n), bias = random.vector(n);
    test::for_each_cpu([&](auto cpu) {
      const auto both = [&](auto run, double tolerance) {
        auto ours = y, oracle = y;
        run(cpu, ours.data());
        run(Reference{}, oracle.data());
        check_close(ours, oracle, tolerance);
      };
      both([&](auto b, float* out) { b.rms_norm(x.data(), y.data(), 1e-5f, n, out); }, 2e-6);
      both([&](auto b, float* out) { b.layer_norm(x.data(), y.data(), bias.data(), 1e-5f, n, out); }, 1e-5);
      both([&](auto b, float* out) { b.add(x.data(), n, out); }, 0);
      for (const auto act : {Activation::silu, Activation::gelu, Activation::gelu_tanh, Activation::relu}) {
        both([&](auto b, float* out) { b.gate(act, x.data(), bias.data(), n, out); }, 2e-6);
        both([&](auto b, float* out) { b.activate(act, x.data(), n, out); }, 2e-6);
      }
    });
  }
}

TEST_CASE("products of float weights agree with the reference") {
  test::Random random(2);
  const std::int64_t rows = 37, cols = 50, batch = 5;
  const auto weights = random.vector(rows * cols), x = random.vector(batch * cols);
  const RawMatrix raw{DType::f32, rows, cols, reinterpret_cast<const std::byte*>(weights.data()), "w"};
  std::vector<float> oracle(static_cast<std::size_t>(batch * rows)), ours(oracle.size());
  Reference::matmul(Reference::pack(raw), 0, 3, {x.data(), nullptr, cols}, batch, oracle.data(), rows);
  test::for_each_cpu([&](auto cpu) {
    cpu.matmul(cpu.pack(raw), 0, 3, {x.data(), nullptr, cols}, batch, ours.data(), rows);
    check_close(ours, oracle, 1e-5);
  });
}

TEST_CASE("storing and attending over pages agree with the reference") {
  test::Random random(3);
  const std::int64_t dim = 24, group = 3, length = 300;
  for (const auto type : {KvType::f32, KvType::f16, KvType::q8}) {
    const std::size_t half = kv_block_bytes(type, dim);
    const KvSlot slot{type, static_cast<std::int32_t>(dim), 0, half};
    std::vector<std::vector<std::byte>> pages(static_cast<std::size_t>(length / page_positions + 1), std::vector<std::byte>(2 * half));
    std::vector<const std::byte*> addresses;
    for (auto& page : pages) addresses.push_back(page.data());
    for (std::int64_t p = 0; p < length; ++p) {
      const auto k = random.vector(dim), v = random.vector(dim);
      Reference::store(k.data(), v.data(), pages[static_cast<std::size_t>(p / page_positions)].data(), slot, p % page_positions);
    }
    const auto q = random.vector(4 * group * dim);
    std::vector<float> oracle(q.size()), ours(q.size());
    AttentionJob job;
    job.q = q.data();
    job.q_stride = job.out_stride = group * dim;
    job.pages = addresses.data();
    job.slot = slot;
    job.first = length - 4;
    job.rows = 4;
    job.group = static_cast<std::int32_t>(group);
    job.scale = 0.2f;
    job.out = oracle.data();
    Reference::attend(job);
    test::for_each_cpu([&](auto cpu) {
      job.out = ours.data();
      cpu.attend(job);
      check_close(ours, oracle, 1e-5);
    });
  }
}
