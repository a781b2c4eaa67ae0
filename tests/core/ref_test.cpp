#include "weft/core/ref.hpp"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

using weft::Ref;

namespace {

struct Counted : weft::RefCounted {
  explicit Counted(int* alive_count) : alive(alive_count) { ++*alive; }
  Counted(const Counted&) = delete;
  ~Counted() { --*alive; }
  int* alive;
  int value = 0;
};

struct Pooled : weft::RefCounted {
  int disposed = 0;
  static void dispose(Pooled* p) noexcept { ++p->disposed; }
};

}  // namespace

TEST_CASE("an object lives as long as somebody holds a share") {
  int alive = 0;
  {
    auto a = weft::make_ref<Counted>(&alive);
    CHECK(a.unique());
    auto b = a;
    CHECK_FALSE(a.unique());
    a = Ref<Counted>();
    CHECK(alive == 1);
    CHECK(b.unique());
    auto c = std::move(b);
    CHECK(c.unique());
    CHECK_FALSE(static_cast<bool>(b));  // NOLINT: a moved-from Ref is empty by contract
  }
  CHECK(alive == 0);
}

TEST_CASE("a type with dispose is handed back instead of deleted") {
  Pooled object;
  { Ref<Pooled> share(&object); }
  CHECK(object.disposed == 1);
}

TEST_CASE("the last owner sees what the others read before they let go") {
  int alive = 0;
  for (int round = 0; round < 200; ++round) {
    auto mine = weft::make_ref<Counted>(&alive);
    mine->value = round;
    std::vector<std::thread> readers;
    for (int i = 0; i < 3; ++i)
      readers.emplace_back([share = mine, round]() mutable {
        CHECK(share->value == round);
        share = Ref<Counted>();
      });
    while (!mine.unique()) std::this_thread::yield();
    mine->value = -1;  // a race with the readers if unique() did not order their reads before this
    for (auto& reader : readers) reader.join();
  }
  CHECK(alive == 0);
}
