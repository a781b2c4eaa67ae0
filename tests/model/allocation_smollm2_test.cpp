// Allocations, counted: a generation whose limits are known allocates nothing between two tokens, and forks next to nothing.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "support/data.hpp"
#include "weft/decode/generate.hpp"
#include "weft/model/batch.hpp"
#include "weft/instances.hpp"
#include "weft/sample/parameters.hpp"
#include "weft/sample/steps.hpp"

namespace {
std::atomic<std::size_t> allocations{0}, allocated_bytes{0};

void* counted(std::size_t size, std::size_t alignment) {
  ++allocations;
  allocated_bytes += size;
  void* p = alignment <= alignof(std::max_align_t) ? std::malloc(size) : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (!p) throw std::bad_alloc();
  return p;
}
}  // namespace

// Never inlined: g++ would see free() meet operator new and warn.
[[gnu::noinline]] void* operator new(std::size_t size) { return counted(size, 1); }
[[gnu::noinline]] void* operator new[](std::size_t size) { return counted(size, 1); }
// The nothrow forms too, which the standard library's sorts use: memory of one allocator must not meet free() of another.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return counted(size, 1); }
[[gnu::noinline]] void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return counted(size, 1); }
[[gnu::noinline]] void operator delete(void* p, const std::nothrow_t&) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete[](void* p, const std::nothrow_t&) noexcept { std::free(p); }
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) { return counted(size, static_cast<std::size_t>(alignment)); }
[[gnu::noinline]] void* operator new[](std::size_t size, std::align_val_t alignment) { return counted(size, static_cast<std::size_t>(alignment)); }
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete[](void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete[](void* p, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

namespace {

using namespace weft;

/// Allocations between token 64 and token 192 of a sampled generation.
template <class B>
std::size_t allocations_while_decoding(const Model<B>& model, std::vector<std::string> stop) {
  const auto chain = repetition_penalty(1.1f) | no_repeat_ngram(4) | top_k(40) | top_p(0.95f) | min_p(0.01f) | temperature(0.8f) | draw();
  const std::vector<Token> prompt{1, 2, 3, 4, 5};
  auto tokens = stream(model, prompt, chain, {.max_tokens = 200, .stop = std::move(stop), .ignore_end_tokens = true, .seed = 3});
  std::size_t count = 0, before = 0, after = 0;
  for (const Piece& piece : tokens) {
    (void)piece;
    ++count;
    if (count == 64) before = allocations;
    if (count == 192) after = allocations;
  }
  CHECK(count == 200);
  return after - before;
}

}  // namespace

TEST_CASE("decoding allocates nothing once it is warm") {
  const Model<Cpu<>> model(test::data("models") / "blocks32.gguf");
  CHECK(allocations_while_decoding(model, {}) == 0);
}

TEST_CASE("a thousand forks of a long prompt cost less than a mebibyte until they write") {
  const Model<Cpu<>> model(test::data("models") / "blocks32.gguf");
  Sequence<Cpu<>> prompt(model, {.context = 2100});
  prompt.append(std::vector<Token>(2000, 7));
  std::vector<Sequence<Cpu<>>> forks;
  forks.reserve(1000);
  const std::size_t before = allocated_bytes;
  for (int i = 0; i < 1000; ++i) forks.push_back(prompt.fork());
  CHECK(allocated_bytes - before + forks.size() * sizeof(forks[0]) < std::size_t{1} << 20);
}

TEST_SUITE("smollm2") {
  TEST_CASE("decoding SmolLM2 to text allocates nothing once it is warm") {
    const auto file = test::smollm2_gguf();
    if (!test::present(file, "SmolLM2")) return;
    const Model<Cpu<>> model(file);
    CHECK(allocations_while_decoding(model, {"\n\n\n\n", "never to be seen"}) == 0);
  }
}
