#include "weft/core/cpu_count.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <thread>

#ifdef __linux__
#include <sched.h>
#endif

TEST_CASE("there is at least one usable core and no more than the machine has processors") {
  CHECK(weft::usable_cores() >= 1);
  CHECK(weft::usable_cores() <= static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
}

#ifdef __linux__
TEST_CASE("a process that may run on one processor has one usable core") {
  int cores = 0;
  std::thread([&] {  // the mask is the thread's own
    cpu_set_t before, one;
    REQUIRE(sched_getaffinity(0, sizeof before, &before) == 0);
    std::size_t first = 0;
    while (!CPU_ISSET(first, &before)) ++first;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
    cores = weft::usable_cores();
  }).join();
  CHECK(cores == 1);
}
#endif
