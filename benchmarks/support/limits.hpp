// What this machine can do at most: bytes read, 8-bit and float multiply-adds, and meetings of a thread pool, per second.
//
// A share of a limit means something only when both are measured in one run, on the same threads: decode.cpp does so.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "examples/support/bandwidth.hpp"
#include "weft/backend/cpu/kernels.hpp"
#include "weft/core/clock.hpp"
#include "weft/core/thread_pool.hpp"

#if WEFT_CPU_X86
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace limits {

/// A loop that does `macs` multiply-adds an iteration in registers alone; the result is there so that it is computed.
struct Loop {
  std::string_view name;
  double macs;
  std::int32_t (*run)(std::int64_t iterations);
};

/// Hides a register's value from the compiler: what depends on it can be neither hoisted nor merged.
#define WEFT_BENCH_OPAQUE(constraint, x) __asm__ volatile("" : "+" constraint(x))

/// For machines without a loop of their own below: whatever the compiler makes of 64 products of 8 bits, or of 16 floats.
inline std::int32_t int8_portable(std::int64_t n) {
  std::int16_t a[64], b[64];
  std::int32_t sums[64] = {};
  std::fill_n(a, 64, std::int16_t{3}), std::fill_n(b, 64, std::int16_t{5});
  for (std::int64_t i = 0; i < n; ++i) {
    for (int k = 0; k < 64; ++k) sums[k] += a[k] * b[k];
    __asm__ volatile("" : : "r"(a), "r"(b), "r"(sums) : "memory");
  }
  return sums[n % 64];
}
inline std::int32_t float_portable(std::int64_t n) {
  typedef float Four __attribute__((vector_size(16)));
  Four sums[8] = {}, a = {1, 2, 3, 4}, b = {4, 3, 2, 1};
  for (std::int64_t i = 0; i < n; ++i)
    for (auto& sum : sums) {
      sum += a * b;
#if defined(__x86_64__)
      WEFT_BENCH_OPAQUE("x", a);
#elif defined(__aarch64__)
      WEFT_BENCH_OPAQUE("w", a);
#endif
    }
  float all = 0;
  for (const auto& sum : sums) all += sum[0];
  return all > 0;
}

#if WEFT_CPU_X86
/// As the AVX2 kernels multiply nibbles: eight maddubs summed in 16 bits, then one widening; two such chains side by side.
__attribute__((target("avx2,fma"))) inline std::int32_t int8_avx2(std::int64_t n) {
  __m256i a = _mm256_set1_epi8(1), b = _mm256_set1_epi8(2), total = _mm256_setzero_si256();
  const __m256i ones = _mm256_set1_epi16(1);
  for (std::int64_t i = 0; i < n; ++i) {
    __m256i s0 = _mm256_setzero_si256(), s1 = s0, s2 = s0, s3 = s0;
    for (int k = 0; k < 8; ++k) {
      s0 = _mm256_add_epi16(s0, _mm256_maddubs_epi16(a, b));
      WEFT_BENCH_OPAQUE("x", a);
      s1 = _mm256_add_epi16(s1, _mm256_maddubs_epi16(a, b));
      WEFT_BENCH_OPAQUE("x", a);
      s2 = _mm256_add_epi16(s2, _mm256_maddubs_epi16(a, b));
      WEFT_BENCH_OPAQUE("x", a);
      s3 = _mm256_add_epi16(s3, _mm256_maddubs_epi16(a, b));
      WEFT_BENCH_OPAQUE("x", a);
    }
    total = _mm256_add_epi32(total, _mm256_add_epi32(_mm256_madd_epi16(s0, ones), _mm256_madd_epi16(s1, ones)));
    total = _mm256_add_epi32(total, _mm256_add_epi32(_mm256_madd_epi16(s2, ones), _mm256_madd_epi16(s3, ones)));
  }
  return _mm256_extract_epi32(total, 0);
}

// Twelve sums hide the latency of an instruction (4 or 5 cycles) at two or more a cycle. They have names because g++ keeps the
// elements of an array in memory here.
#define WEFT_BENCH_STEP(s, add)   \
  s = add(s);                     \
  WEFT_BENCH_OPAQUE("v", s);
#define WEFT_BENCH_TWELVE(zero, add)                                                                           \
  auto s0 = zero, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0, s8 = s0, s9 = s0, s10 = s0, s11 = s0; \
  for (std::int64_t i = 0; i < n; ++i) {                                                                       \
    WEFT_BENCH_STEP(s0, add) WEFT_BENCH_STEP(s1, add) WEFT_BENCH_STEP(s2, add) WEFT_BENCH_STEP(s3, add)        \
    WEFT_BENCH_STEP(s4, add) WEFT_BENCH_STEP(s5, add) WEFT_BENCH_STEP(s6, add) WEFT_BENCH_STEP(s7, add)        \
    WEFT_BENCH_STEP(s8, add) WEFT_BENCH_STEP(s9, add) WEFT_BENCH_STEP(s10, add) WEFT_BENCH_STEP(s11, add)      \
  }

__attribute__((target("avx2,fma"))) inline std::int32_t float_avx2(std::int64_t n) {
  const __m256 a = _mm256_set1_ps(0.5f), b = _mm256_set1_ps(0.25f);
#define WEFT_BENCH_ADD(s) _mm256_fmadd_ps(a, b, s)
  WEFT_BENCH_TWELVE(_mm256_setzero_ps(), WEFT_BENCH_ADD)
#undef WEFT_BENCH_ADD
  return _mm256_movemask_ps(s0);
}

#pragma GCC diagnostic push
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12's own AVX-512 headers (its bug 105593)
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
__attribute__((target("avx512f,avx512bw,avx512vnni"))) inline std::int32_t int8_avx512(std::int64_t n) {
  const __m512i a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(5);
#define WEFT_BENCH_ADD(s) _mm512_dpbusd_epi32(s, a, b)
  WEFT_BENCH_TWELVE(_mm512_setzero_si512(), WEFT_BENCH_ADD)
#undef WEFT_BENCH_ADD
  return _mm_cvtsi128_si32(_mm512_castsi512_si128(s0));
}
__attribute__((target("avx512f"))) inline std::int32_t float_avx512(std::int64_t n) {
  const __m512 a = _mm512_set1_ps(0.5f), b = _mm512_set1_ps(0.25f);
#define WEFT_BENCH_ADD(s) _mm512_fmadd_ps(a, b, s)
  WEFT_BENCH_TWELVE(_mm512_setzero_ps(), WEFT_BENCH_ADD)
#undef WEFT_BENCH_ADD
  return _mm_cvtss_f32(_mm512_castps512_ps128(s0)) > 0;
}
#pragma GCC diagnostic pop

__attribute__((target("avx2,avxvnni"))) inline std::int32_t int8_avx_vnni(std::int64_t n) {
  const __m256i a = _mm256_set1_epi8(3), b = _mm256_set1_epi8(5);
#define WEFT_BENCH_ADD(s) _mm256_dpbusd_avx_epi32(s, a, b)
  WEFT_BENCH_TWELVE(_mm256_setzero_si256(), WEFT_BENCH_ADD)
#undef WEFT_BENCH_ADD
  return _mm256_extract_epi32(s0, 0);
}
#undef WEFT_BENCH_TWELVE
#undef WEFT_BENCH_STEP
#endif
#undef WEFT_BENCH_OPAQUE

#if WEFT_CPU_X86
/// Products of 16 x 32 by 32 x 16: what a scale for every 32 columns leaves of a tile, whose 64 columns would take the same time.
__attribute__((target("amx-tile,amx-int8"))) inline std::int32_t int8_amx(std::int64_t n) {
  struct alignas(64) {
    std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
    std::uint16_t row_bytes[16] = {};
    std::uint8_t rows[16] = {};
  } config;
  for (int i = 0; i < 6; ++i) {
    config.row_bytes[i] = i == 4 ? 32 : 64;
    config.rows[i] = i == 5 ? 8 : 16;
  }
  __asm__ volatile("" : : "r"(&config) : "memory");
  _tile_loadconfig(&config);
  for (std::int64_t i = 0; i < n; ++i) {
    _tile_dpbssd(0, 4, 5);
    _tile_dpbssd(1, 4, 5);
    _tile_dpbssd(2, 4, 5);
    _tile_dpbssd(3, 4, 5);
  }
  _tile_release();
  return 0;
}
#endif

/// Loops on tiles. Apart from int8_loops, since the floats between two products take vector instructions: tiles alone are no limit
/// that a product of quantised matrices comes near.
inline std::vector<Loop> tile_loops() {
  std::vector<Loop> loops;
#if WEFT_CPU_X86
  if (weft::cpu::has_amx()) loops.push_back({"amx tdpbssd", 4 * 16 * 16 * 32, int8_amx});
#endif
  return loops;
}
/// The loops of vector instructions that this machine can run, the fastest last.
inline std::vector<Loop> int8_loops() {
  std::vector<Loop> loops{{"portable", 64, int8_portable}};
#if WEFT_CPU_X86
  const auto level = weft::cpu::best_level();
  if (level >= weft::cpu::Level::avx2) loops.push_back({"avx2 maddubs", 4 * 8 * 32, int8_avx2});
  if (weft::cpu::has_avx_vnni()) loops.push_back({"avx-vnni vpdpbusd", 12 * 32, int8_avx_vnni});
  if (level >= weft::cpu::Level::avx512_vnni) loops.push_back({"avx512-vnni vpdpbusd", 12 * 64, int8_avx512});
#endif
  return loops;
}
inline std::vector<Loop> float_loops() {
  std::vector<Loop> loops{{"portable", 32, float_portable}};
#if WEFT_CPU_X86
  const auto level = weft::cpu::best_level();
  if (level >= weft::cpu::Level::avx2) loops.push_back({"avx2 fma", 12 * 8, float_avx2});
  if (level >= weft::cpu::Level::avx512_vnni) loops.push_back({"avx512 fma", 12 * 16, float_avx512});
#endif
  return loops;
}

/// Seconds of one call of `work`, the best of `rounds` after a first one.
template <class Work>
double best_seconds(int rounds, Work&& work) {
  double best = 0;
  for (int round = 0; round <= rounds; ++round) {
    const double start = weft::seconds_now();
    work();
    const double time = weft::seconds_now() - start;
    if (round == 1 || (round > 1 && time < best)) best = time;
  }
  return best;
}

/// Multiply-adds per second of all workers together; each round takes some 10 ms.
inline double macs_per_second(weft::ThreadPool& pool, const Loop& loop, int rounds = 5) {
  std::vector<std::int32_t> results(static_cast<std::size_t>(pool.size()) * 16);  // a cache line each
  const auto all = [&](std::int64_t n) {
    pool.run([&](weft::Team& team) { results[static_cast<std::size_t>(team.worker()) * 16] += loop.run(n); });
  };
  std::int64_t n = 1000;
  while (best_seconds(1, [&] { all(n); }) < 5e-3) n *= 2;
  const double seconds = best_seconds(rounds, [&] { all(n); });
  return static_cast<double>(n) * loop.macs * pool.size() / seconds;
}

/// The most that any loop of this machine reaches.
inline double peak(weft::ThreadPool& pool, const std::vector<Loop>& loops, int rounds = 5) {
  double best = 0;
  for (const auto& loop : loops) best = std::max(best, macs_per_second(pool, loop, rounds));
  return best;
}

/// Seconds of one meeting of the team, and of handing a job that does nothing to the pool.
struct Join {
  double meeting = 0, run = 0;
};
inline Join join_cost(weft::ThreadPool& pool, int rounds = 5, int count = 5000) {
  Join join;
  join.meeting = best_seconds(rounds, [&] {
    pool.run([count](weft::Team& team) {
      for (int i = 0; i < count; ++i) team.sync();
    });
  }) / count;
  join.run = best_seconds(rounds, [&] {
    for (int i = 0; i < count / 10; ++i) pool.run([](weft::Team&) {});
  }) / (count / 10);
  return join;
}

}  // namespace limits
