#include "weft/model/page_heap.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

using namespace weft;

namespace {

/// Pages of `size` bytes, each filled with its number, are what they were when all have been filled.
void check_apart(PageHeap& heap, std::size_t size, std::size_t count) {
  std::vector<std::byte*> pages;
  for (std::size_t i = 0; i < count; ++i) {
    pages.push_back(heap.take());
    CHECK(reinterpret_cast<std::uintptr_t>(pages.back()) % 64 == 0);
    for (std::size_t k = 0; k < size; ++k) pages.back()[k] = static_cast<std::byte>(i);
  }
  for (std::size_t i = 0; i < count; ++i) {
    CHECK(pages[i][0] == static_cast<std::byte>(i));
    CHECK(pages[i][size - 1] == static_cast<std::byte>(i));
  }
  CHECK(heap.held() >= count * size);
  for (auto* page : pages) heap.give(page);
}

}  // namespace

TEST_CASE("pages of every size lie apart, and a heap that nobody uses keeps only a few") {
  for (const std::size_t size : {std::size_t{64}, std::size_t{1000}, std::size_t{65536}, std::size_t{195840}, std::size_t{368640}, std::size_t{1300000}, std::size_t{5000000}}) {
    CAPTURE(size);
    PageHeap heap(size);
    CHECK(heap.held() == 0);
    check_apart(heap, size, 40);
    CHECK(heap.held() <= std::max<std::size_t>(17 * size + size / 8, std::size_t{4} << 20));
    check_apart(heap, size, 3);
  }
}

TEST_CASE("a slab loses an eighth at most, and pages are taken again before there is a new one") {
  PageHeap heap(368640);  // SmolLM2-135M: five to two MiB
  std::set<std::byte*> pages;
  for (int i = 0; i < 100; ++i) pages.insert(heap.take());
  CHECK(pages.size() == 100);
  const auto held = heap.held();
  CHECK(held * 7 / 8 <= 100 * std::size_t{368640});
  for (int i = 0; i < 30; ++i) {
    heap.give(*pages.begin());
    pages.erase(pages.begin());
  }
  for (int i = 0; i < 30; ++i) pages.insert(heap.take());
  CHECK(pages.size() == 100);
  CHECK(heap.held() <= held);
  for (auto* page : pages) heap.give(page);
}
