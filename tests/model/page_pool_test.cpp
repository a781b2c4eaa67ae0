#include "weft/core/error.hpp"
#include "weft/model/page_pool.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <string>

#include <thread>
#include <vector>

using namespace weft;

TEST_CASE("a pool counts the pages that are alive and refuses one beyond its budget") {
  const auto pool = std::make_shared<PagePool>(std::make_shared<PageHeap>(256), 600);
  auto a = pool->allocate(), b = pool->allocate();
  CHECK(pool->used() == 512);
  try {
    (void)pool->allocate();
    FAIL("over budget");
  } catch (const Error& e) {
    CHECK(e.kind() == ErrorKind::resource);
    CHECK(std::string(e.what()).find("600") != std::string::npos);
  }
  auto copy = a;  // a share, not a page
  a = {};
  CHECK(pool->used() == 512);
  copy = {};
  CHECK(pool->used() == 256);
  CHECK(pool->peak() == 512);
  const auto again = pool->allocate();
  CHECK(reinterpret_cast<std::uintptr_t>(again->data) % 64 == 0);
}

TEST_CASE("pages outlive the handle of their pool and may be freed in any thread") {
  std::vector<std::thread> threads;
  {
    const auto pool = std::make_shared<PagePool>(std::make_shared<PageHeap>(64));
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([pool, page = pool->allocate()]() mutable {
        for (int i = 0; i < 1000; ++i) {
          page->data[i % 64] = std::byte{1};
          page = pool->allocate();
        }
      });
  }
  for (auto& thread : threads) thread.join();
}
