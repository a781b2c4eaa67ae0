// Runs a function on a thread with little stack: recursion that an input can drive shows up as a crash.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <exception>
#include <functional>
#include <stdexcept>

#include "support/sanitizer.hpp"

namespace weft::test {

/// What f throws is thrown on. A sanitizer's frames are several times as large, so it gets as many times the stack.
inline void on_small_stack(std::function<void()> f, std::size_t bytes = 512 * 1024) {
  if (WEFT_TEST_SANITIZED) bytes *= 4;
  struct Work {
    std::function<void()> f;
    std::exception_ptr error;
  } work{std::move(f), nullptr};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, bytes);
  pthread_t thread;
  const auto run = [](void* argument) -> void* {
    auto& w = *static_cast<Work*>(argument);
    try {
      w.f();
    } catch (...) {
      w.error = std::current_exception();
    }
    return nullptr;
  };
  const int failed = pthread_create(&thread, &attributes, run, &work);
  pthread_attr_destroy(&attributes);
  if (failed != 0) throw std::runtime_error("no thread");
  pthread_join(thread, nullptr);
  if (work.error) std::rethrow_exception(work.error);
}

}  // namespace weft::test
