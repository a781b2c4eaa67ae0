// A pool of threads that run one function together and meet at barriers. A pool is an object that models share.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "weft/core/cpu_count.hpp"
#include "weft/core/error.hpp"

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace weft {

namespace detail {

inline void cpu_relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Waits until `value` is no longer `old`: spins for a few tens of microseconds, which hides the gap between two phases,
/// then sleeps in the kernel, so that an idle or oversubscribed pool costs nothing.
inline void wait_while(const std::atomic<std::uint32_t>& value, std::uint32_t old, int spins) noexcept {
  for (int i = 0; i < spins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    cpu_relax();
  }
  while (value.load(std::memory_order_acquire) == old) value.wait(old, std::memory_order_acquire);
}

struct alignas(64) Barrier {
  std::atomic<std::uint32_t> arrived{0};
  alignas(64) std::atomic<std::uint32_t> generation{0};
};

}  // namespace detail

/// One worker's place in a team: who it is, how many there are, and where they meet.
class Team {
 public:
  Team(int worker, int size, detail::Barrier* barrier, int spins) noexcept
      : worker_(worker), size_(size), spins_(spins), barrier_(barrier) {}

  [[nodiscard]] int worker() const noexcept { return worker_; }
  [[nodiscard]] int size() const noexcept { return size_; }

  /// Returns when every worker of the team has called it; what they wrote before is visible after.
  void sync() noexcept {
    if (size_ == 1) return;
    const auto generation = barrier_->generation.load(std::memory_order_relaxed);
    if (barrier_->arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == static_cast<std::uint32_t>(size_)) {
      barrier_->arrived.store(0, std::memory_order_relaxed);
      barrier_->generation.store(generation + 1, std::memory_order_release);
      barrier_->generation.notify_all();
    } else {
      detail::wait_while(barrier_->generation, generation, spins_);
    }
  }

 private:
  int worker_, size_, spins_;
  detail::Barrier* barrier_;
};

/// A fixed number of workers: the calling thread is worker 0, the pool owns the others.
class ThreadPool {
 public:
  static constexpr int max_threads = 1024;

  /// threads in [1, max_threads]; 0 means usable_cores(). Throws Error(argument) otherwise, Error(resource) when the system
  /// has no thread left.
  explicit ThreadPool(int threads = 0) : size_(threads == 0 ? usable_cores() : threads) {
    if (size_ < 1 || size_ > max_threads)
      fail(ErrorKind::argument, "a thread pool of ", threads, " threads: expected 1 to ", max_threads, ", or 0 for all cores");
    // With more workers than cores, a spinning worker only keeps the one it waits for from running.
    spins_ = size_ > usable_cores() ? 16 : 1500;
    try {
      for (int w = 1; w < size_; ++w) threads_.emplace_back([this, w] { work(w); });
    } catch (const std::system_error& e) {
      stop();
      fail(ErrorKind::resource, "the system gave only ", threads_.size() + 1, " of ", size_, " threads: ", e.what());
    }
  }
  ~ThreadPool() { stop(); }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] int size() const noexcept { return size_; }

  /// Calls job(Team&) on every worker and returns when all have returned. Concurrent callers take turns. The job must not
  /// throw and must not call run on the same pool.
  template <class Job>
  void run(Job&& job) {
    const std::lock_guard turn(turn_);
    invoke_ = [](void* context, Team& team) { (*static_cast<std::remove_reference_t<Job>*>(context))(team); };
    context_ = const_cast<void*>(static_cast<const void*>(&job));
    Team team(0, size_, &barrier_, spins_);
    if (size_ > 1) {
      epoch_.fetch_add(1, std::memory_order_release);
      epoch_.notify_all();
    }
    invoke_(context_, team);
    team.sync();  // nobody may still be inside when the caller's frame goes
  }

  /// The pool of the process: made on first use, kept while anybody holds it.
  static std::shared_ptr<ThreadPool> shared() {
    static std::mutex mutex;
    static std::weak_ptr<ThreadPool> current;
    const std::lock_guard lock(mutex);
    auto pool = current.lock();
    if (!pool) current = pool = std::make_shared<ThreadPool>();
    return pool;
  }

 private:
  void work(int worker) {
    std::uint32_t seen = 0;
    for (;;) {
      detail::wait_while(epoch_, seen, spins_);
      seen = epoch_.load(std::memory_order_acquire);
      if (stopping_.load(std::memory_order_relaxed)) return;
      Team team(worker, size_, &barrier_, spins_);
      invoke_(context_, team);
      team.sync();
    }
  }
  void stop() noexcept {
    stopping_.store(true, std::memory_order_relaxed);
    epoch_.fetch_add(1, std::memory_order_release);
    epoch_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  int size_ = 1;
  int spins_ = 0;
  std::mutex turn_;
  void (*invoke_)(void*, Team&) = nullptr;
  void* context_ = nullptr;
  detail::Barrier barrier_;
  alignas(64) std::atomic<std::uint32_t> epoch_{0};
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> threads_;
};

/// The half-open range [begin, end) of `count` items that fall to one worker of `size`; the ranges differ by one at most.
struct Slice {
  std::int64_t begin, end;
};
inline Slice slice_of(std::int64_t count, const Team& team) noexcept {
  return {count * team.worker() / team.size(), count * (team.worker() + 1) / team.size()};
}

}  // namespace weft
