// kernels: products of a packed matrix and rows of activations, per format and number of rows, against the roofline of this machine:
// the time that reading the matrix, or multiplying, takes at least (Williams et al. 2009, "Roofline"). Options are Google Benchmark's.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "benchmarks/support/limits.hpp"
#include "weft/backend/cpu/cpu.hpp"
#include "weft/nn/linear.hpp"
#include "weft/quant/blocks.hpp"

namespace {

using Backend = weft::Cpu<>;

constexpr std::int64_t weight_rows = 8192, cols = 2048;
constexpr weft::DType types[] = {weft::DType::q4_0,   weft::DType::q4_1,   weft::DType::q5_0,  weft::DType::q5_1, weft::DType::q8_0, weft::DType::q2_k,
                                 weft::DType::q3_k,   weft::DType::q4_k,   weft::DType::q5_k,  weft::DType::q6_k, weft::DType::iq4_nl,
                                 weft::DType::iq4_xs, weft::DType::mxfp4,  weft::DType::f16,   weft::DType::bf16, weft::DType::f32};

/// What one run can reach at most, measured before the first benchmark.
struct Roof {
  double bytes, int8_macs, float_macs;  // a second
};

/// Random blocks whose scales, halves as all bytes are below 0x3c, are below 1.
Backend::Weight random_weight(weft::DType type) {
  const auto& info = weft::info(type);
  std::vector<std::byte> raw(static_cast<std::size_t>(weight_rows * cols) / info.values * info.bytes);
  std::mt19937 random(1);
  for (auto& byte : raw) byte = static_cast<std::byte>(random() & 0x3bu);
  return Backend::pack({type, weight_rows, cols, raw.data(), info.name});
}

void product(benchmark::State& state, weft::ThreadPool& pool, const Roof& roof, weft::DType type, std::int64_t rows, std::int32_t planes) {
  const auto weight = random_weight(type);
  std::vector<float> values(static_cast<std::size_t>(rows * cols)), out(static_cast<std::size_t>(rows * weight_rows));
  std::mt19937 random(2);
  for (auto& x : values) x = static_cast<float>(random() % 2001) / 1000.0f - 1.0f;
  const auto row_bytes = Backend::quantised_bytes(cols) * static_cast<std::size_t>(planes);
  const auto blocks = weft::cpu::allocate_panels(row_bytes * static_cast<std::size_t>(rows));
  for (std::int64_t r = 0; r < rows; ++r)
    Backend::quantise(values.data() + r * cols, cols, planes, blocks.get() + static_cast<std::size_t>(r) * row_bytes);
  const auto room_bytes = (Backend::room_bytes() + 63) / 64 * 64;
  const auto rooms = weft::cpu::allocate_panels(room_bytes * static_cast<std::size_t>(pool.size()));
  for ([[maybe_unused]] auto _ : state)
    pool.run([&](weft::Team& team) {
      const auto [begin, end] = weft::slice_of(weight.panel_count(), team);
      const weft::Operand x{values.data(), blocks.get(), cols, planes, rooms.get() + static_cast<std::size_t>(team.worker()) * room_bytes};
      Backend::matmul(weight, begin, end, x, rows, out.data(), weight_rows);
    });
  const auto runs = static_cast<double>(state.iterations()), bytes = static_cast<double>(weight.bytes());
  const double macs = static_cast<double>(rows * planes * weight_rows * cols);
  const double least = std::max(bytes / roof.bytes, macs / (Backend::quantises(weight) ? roof.int8_macs : roof.float_macs));
  using benchmark::Counter;
  state.counters["MAC/s"] = Counter(macs * runs, Counter::kIsRate);
  state.counters["B/s"] = Counter(bytes * runs, Counter::kIsRate);
  state.counters["roof"] = Counter(least * runs, Counter::kIsRate);  // share of what the roofline allows
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  weft::ThreadPool pool;
  const Roof roof{example::read_bandwidth(pool, std::size_t{256} << 20, 5), limits::peak(pool, limits::int8_loops()),
                  limits::peak(pool, limits::float_loops())};
  benchmark::AddCustomContext("backend", std::string(Backend::name()));
  benchmark::AddCustomContext("threads", std::to_string(pool.size()));
  benchmark::AddCustomContext("roof", fmt::format("read {:.1f} GB/s, {:.0f} int8 and {:.0f} float GMAC/s of vector instructions", roof.bytes / 1e9,
                                                  roof.int8_macs / 1e9, roof.float_macs / 1e9));
  for (const auto type : types)
    for (const std::int32_t planes : {1, 2}) {
      if (planes == 2 && weft::quant_layout(type).values == 0) continue;  // numbers multiply float32
      for (const std::int64_t rows : {1, 2, 4, 8, 16, 32, 64, 128})
        benchmark::RegisterBenchmark(fmt::format("{}/{}_bits/rows:{}", weft::name(type), 8 * planes, rows).c_str(),
                                     [&, type, planes, rows](benchmark::State& state) { product(state, pool, roof, type, rows, planes); })
            ->UseRealTime()
            ->Unit(benchmark::kMicrosecond);
    }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
