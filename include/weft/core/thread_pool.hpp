// A pool of threads that run one function together and meet at barriers. A pool is an object that models share.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

#include "weft/core/config.hpp"

namespace weft {

namespace detail {
struct Barrier;
}

/// One worker's place in a team: who it is, how many there are, and where they meet.
class Team {
 public:
  Team(int worker, int size, detail::Barrier* barrier, int spins) noexcept
      : worker_(worker), size_(size), spins_(spins), barrier_(barrier) {}

  [[nodiscard]] int worker() const noexcept { return worker_; }
  [[nodiscard]] int size() const noexcept { return size_; }

  /// Returns when every worker of the team has called it; what they wrote before is visible after.
  void sync() noexcept {
    if (size_ > 1) meet();
  }

 private:
  void meet() noexcept;

  int worker_, size_, spins_;
  detail::Barrier* barrier_;
};

/// A fixed number of workers: the calling thread is worker 0, the pool owns the others.
class ThreadPool {
 public:
  static constexpr int max_threads = 1024;

  /// threads in [1, max_threads]; 0 means usable_cores(). Throws Error(argument) otherwise, Error(resource) when the system
  /// has no thread left.
  explicit ThreadPool(int threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] int size() const noexcept { return size_; }

  /// Calls job(Team&) on every worker and returns when all have returned. Concurrent callers take turns. The job must not
  /// throw and must not call run on the same pool.
  template <class Job>
  void run(Job&& job) {
    run_erased([](void* context, Team& team) { (*static_cast<std::remove_reference_t<Job>*>(context))(team); },
               const_cast<void*>(static_cast<const void*>(&job)));
  }

  /// How often the workers have met so far, the end of every job included (modulo 2^32; always 0 for a pool of one). For
  /// measurements, between two jobs.
  [[nodiscard]] std::uint32_t meetings() const noexcept;

  /// The pool of the process: made on first use, kept while anybody holds it.
  static std::shared_ptr<ThreadPool> shared();

 private:
  struct Threads;
  void run_erased(void (*invoke)(void*, Team&), void* context);

  int size_;
  std::unique_ptr<Threads> threads_;
};

/// The half-open range [begin, end) of `count` items that fall to one worker of `size`; the ranges differ by one at most.
struct Slice {
  std::int64_t begin, end;
};
inline Slice slice_of(std::int64_t count, const Team& team) noexcept {
  return {count * team.worker() / team.size(), count * (team.worker() + 1) / team.size()};
}

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/core/thread_pool.ipp"
#endif
