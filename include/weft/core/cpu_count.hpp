// How many workers make sense here: the least of the affinity mask, the cgroup's quota and the physical cores.
#pragma once

namespace weft {

/// Threads that compute-bound work should use in this process; at least 1. Reads /proc and /sys on Linux, else
/// std::thread::hardware_concurrency().
int usable_cores();

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/core/cpu_count.ipp"
#endif
