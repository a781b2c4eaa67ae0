#include "weft/core/cpu_count.hpp"
#include "weft/core/error.hpp"
#include "weft/core/thread_pool.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <thread>
#include <vector>

using weft::Team;
using weft::ThreadPool;

TEST_CASE("every worker runs the job once and all writes are visible after run") {
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    CHECK(pool.size() == threads);
    for (int round = 0; round < 50; ++round) {
      std::vector<int> calls(static_cast<std::size_t>(threads));
      pool.run([&](Team& team) {
        CHECK(team.size() == threads);
        ++calls[static_cast<std::size_t>(team.worker())];
      });
      for (const int count : calls) CHECK(count == 1);
    }
  }
}

TEST_CASE("nobody passes a meeting before everybody has reached it") {
  ThreadPool pool(4);
  std::vector<int> phase(4);
  bool ordered = true;
  pool.run([&](Team& team) {
    for (int step = 1; step <= 300; ++step) {
      phase[static_cast<std::size_t>(team.worker())] = step;
      team.sync();
      if (std::accumulate(phase.begin(), phase.end(), 0) != 4 * step && team.worker() == 0) ordered = false;
      team.sync();
    }
  });
  CHECK(ordered);
}

TEST_CASE("a pool counts the meetings of its workers, the end of each job among them") {
  ThreadPool pool(3);
  const auto before = pool.meetings();
  for (int job = 0; job < 4; ++job)
    pool.run([](Team& team) {
      for (int step = 0; step < 5; ++step) team.sync();
    });
  CHECK(pool.meetings() - before == 4 * (5 + 1));
}

TEST_CASE("slices cover every item once and differ by one at most") {
  ThreadPool pool(3);
  for (const std::int64_t count : {0, 1, 2, 3, 10, 1000}) {
    std::vector<int> seen(static_cast<std::size_t>(count));
    pool.run([&](Team& team) {
      const auto [begin, end] = weft::slice_of(count, team);
      CHECK(end - begin <= count / 3 + 1);
      for (auto i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(i)];
    });
    for (const int times : seen) CHECK(times == 1);
  }
}

TEST_CASE("concurrent callers take turns") {
  ThreadPool pool(2);
  int inside = 0, most = 0;
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; ++c)
    callers.emplace_back([&] {
      for (int i = 0; i < 100; ++i)
        pool.run([&](Team& team) {
          if (team.worker() == 0) most = std::max(most, ++inside);
          team.sync();
          if (team.worker() == 0) --inside;
        });
    });
  for (auto& caller : callers) caller.join();
  CHECK(most == 1);
}

TEST_CASE("the process has one default pool, and it is made again after it went away") {
  auto a = ThreadPool::shared();
  CHECK(a == ThreadPool::shared());
  CHECK(a->size() == weft::usable_cores());
  const std::weak_ptr<ThreadPool> first = a;
  a.reset();
  CHECK(first.expired());
  int calls = 0;
  ThreadPool::shared()->run([&](Team& team) { if (team.worker() == 0) ++calls; });
  CHECK(calls == 1);
}

TEST_CASE("a pool of an impossible size is refused") {
  CHECK_THROWS_AS(ThreadPool(-1), weft::Error);
  CHECK_THROWS_AS(ThreadPool(ThreadPool::max_threads + 1), weft::Error);
}
