// A steady clock in seconds. <chrono> is the largest standard header that the library would otherwise need (half a second of compile time).
#pragma once

#include <ctime>

#ifndef CLOCK_MONOTONIC
#include <chrono>
#endif

namespace weft {

/// Seconds since some fixed moment, never going back.
inline double seconds_now() noexcept {
#ifdef CLOCK_MONOTONIC
  std::timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
#else
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
#endif
}

}  // namespace weft
