// How the examples end when something is thrown.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "weft/core/error.hpp"

namespace example {

/// To be called in a handler: says what was thrown. What the program exits with: 130, as shells have it, after a cancellation, else 1.
inline int report_error() {
  try {
    throw;
  } catch (const weft::Error& e) {
    fmt::print(stderr, "{}\n", e.what());
    return e.kind() == weft::ErrorKind::cancelled ? 130 : 1;
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 1;
  }
}

}  // namespace example
