// Definitions of core/thread_pool.hpp.
#pragma once

#include <atomic>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "weft/core/cpu_count.hpp"
#include "weft/core/error.hpp"
#include "weft/core/thread_pool.hpp"

namespace weft {

namespace detail {

inline void cpu_relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
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

WEFT_INLINE void Team::meet() noexcept {
  const auto generation = barrier_->generation.load(std::memory_order_relaxed);
  if (barrier_->arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == static_cast<std::uint32_t>(size_)) {
    barrier_->arrived.store(0, std::memory_order_relaxed);
    barrier_->generation.store(generation + 1, std::memory_order_release);
    barrier_->generation.notify_all();
  } else {
    detail::wait_while(barrier_->generation, generation, spins_);
  }
}

/// The workers but the first, and what they wait for.
struct ThreadPool::Threads {
  int size = 1;
  int spins = 0;
  std::mutex turn;
  void (*invoke)(void*, Team&) = nullptr;
  void* context = nullptr;
  detail::Barrier barrier;
  alignas(64) std::atomic<std::uint32_t> epoch{0};
  std::atomic<bool> stopping{false};
  std::vector<std::thread> threads;

  void start() {
    for (int w = 1; w < size; ++w) threads.emplace_back([this, w] { work(w); });
  }
  void work(int worker) {
    std::uint32_t seen = 0;
    for (;;) {
      detail::wait_while(epoch, seen, spins);
      seen = epoch.load(std::memory_order_acquire);
      if (stopping.load(std::memory_order_relaxed)) return;
      Team team(worker, size, &barrier, spins);
      invoke(context, team);
      team.sync();
    }
  }
  ~Threads() {
    stopping.store(true, std::memory_order_relaxed);
    epoch.fetch_add(1, std::memory_order_release);
    epoch.notify_all();
    for (auto& thread : threads) thread.join();
  }
};

WEFT_INLINE ThreadPool::ThreadPool(int threads) : size_(threads == 0 ? usable_cores() : threads) {
  if (size_ < 1 || size_ > max_threads)
    fail(ErrorKind::argument, "a thread pool of ", threads, " threads: expected 1 to ", max_threads, ", or 0 for all cores");
  threads_ = std::make_unique<Threads>();
  threads_->size = size_;
  // With more workers than cores, a spinning worker only keeps the one it waits for from running.
  threads_->spins = size_ > usable_cores() ? 16 : 1500;
  try {
    threads_->start();
  } catch (const std::system_error& e) {
    const auto got = threads_->threads.size() + 1;
    threads_.reset();
    fail(ErrorKind::resource, "the system gave only ", got, " of ", size_, " threads: ", e.what());
  }
}

WEFT_INLINE ThreadPool::~ThreadPool() = default;

WEFT_INLINE std::uint32_t ThreadPool::meetings() const noexcept {
  return threads_->barrier.generation.load(std::memory_order_relaxed);
}

WEFT_INLINE void ThreadPool::run_erased(void (*invoke)(void*, Team&), void* context) {
  auto& t = *threads_;
  const std::lock_guard turn(t.turn);
  t.invoke = invoke;
  t.context = context;
  Team team(0, size_, &t.barrier, t.spins);
  if (size_ > 1) {
    t.epoch.fetch_add(1, std::memory_order_release);
    t.epoch.notify_all();
  }
  invoke(context, team);
  team.sync();  // nobody may still be inside when the caller's frame goes
}

WEFT_INLINE std::shared_ptr<ThreadPool> ThreadPool::shared() {
  static std::mutex mutex;
  static std::weak_ptr<ThreadPool> current;
  const std::lock_guard lock(mutex);
  auto pool = current.lock();
  if (!pool) current = pool = std::make_shared<ThreadPool>();
  return pool;
}

}  // namespace weft
