#pragma once

#include <algorithm>
#include <cstdio>
#include <set>
#include <string>
#include <thread>

#include "weft/core/config.hpp"
#include "weft/core/cpu_count.hpp"

#ifdef __linux__
#include <sched.h>
#endif

namespace weft {
namespace detail {

/// First line of a small file of /sys or /proc; empty when it cannot be read.
WEFT_INLINE std::string first_line(const std::string& path) {
  std::string line;
  if (std::FILE* file = std::fopen(path.c_str(), "r")) {
    char buffer[256];
    if (std::fgets(buffer, sizeof buffer, file)) line = buffer;
    std::fclose(file);
  }
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
  return line;
}

/// CPUs that the cgroup's quota amounts to, rounded up; 0 when there is none (cgroup v2 cpu.max, v1 cfs_quota).
WEFT_INLINE int cgroup_quota() {
  long quota = 0, period = 0;
  if (std::sscanf(first_line("/sys/fs/cgroup/cpu.max").c_str(), "%ld %ld", &quota, &period) != 2) {
    if (std::sscanf(first_line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us").c_str(), "%ld", &quota) != 1) return 0;
    if (std::sscanf(first_line("/sys/fs/cgroup/cpu/cpu.cfs_period_us").c_str(), "%ld", &period) != 1) return 0;
  }
  return quota > 0 && period > 0 ? static_cast<int>((quota + period - 1) / period) : 0;
}

}  // namespace detail

WEFT_INLINE int usable_cores() {
  int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
#ifdef __linux__
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) {
    // Two hardware threads of one core share its multipliers: count each set of siblings once.
    std::set<std::string> siblings;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (!CPU_ISSET(static_cast<unsigned>(cpu), &mask)) continue;
      const std::string topology = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
      const std::string list = detail::first_line(topology + "thread_siblings_list");
      siblings.insert(list.empty() ? "cpu " + std::to_string(cpu) : list);
    }
    if (!siblings.empty()) cores = static_cast<int>(siblings.size());
  }
  if (const int quota = detail::cgroup_quota()) cores = std::min(cores, quota);
#endif
  return std::max(1, cores);
}

}  // namespace weft
