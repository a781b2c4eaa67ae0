// The limit that decoding runs against: how fast the threads of a pool read memory.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "weft/backend/cpu/weight.hpp"
#include "weft/core/thread_pool.hpp"

namespace example {

/// Bytes per second that the pool's workers read from a buffer of `bytes`, the best of `rounds` sweeps after a first one. The
/// buffer lies as packed weights do (huge pages) and is asked for a page ahead, as the kernels do: a limit that what it limits
/// can pass would be none.
inline double read_bandwidth(weft::ThreadPool& pool, std::size_t bytes, int rounds) {
  const auto memory = weft::cpu::allocate_panels(bytes);
  auto* const data = reinterpret_cast<std::uint64_t*>(memory.get());
  const auto count = static_cast<std::int64_t>(bytes / sizeof(std::uint64_t));
  std::fill_n(data, count, std::uint64_t{1});
  std::vector<std::uint64_t> sums(static_cast<std::size_t>(pool.size()) * 8);  // a cache line each
  double best = 0;
  for (int round = 0; round <= rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    pool.run([&](weft::Team& team) {
      const auto [begin, end] = weft::slice_of(count, team);
      std::uint64_t lanes[16] = {};
      for (auto i = begin; i + 16 <= end; i += 16) {
        __builtin_prefetch(data + i + 512);
        __builtin_prefetch(data + i + 520);
        for (int lane = 0; lane < 16; ++lane) lanes[lane] += data[i + lane];
      }
      for (const auto lane : lanes) sums[static_cast<std::size_t>(team.worker()) * 8] += lane;
    });
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    if (round > 0) best = std::max(best, static_cast<double>(bytes) / time.count());
  }
  // The sums are used, so that no compiler drops the reading.
  return sums[0] == 0 ? 0.0 : best;
}

}  // namespace example
