// Allocations, counted: a generation whose limits are known allocates nothing between two tokens, and forks next to nothing.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/allocations.hpp"
#include "support/data.hpp"
#include "weft/decode/generate.hpp"
#include "weft/model/batch.hpp"
#include "weft/instances.hpp"
#include "weft/sample/parameters.hpp"
#include "weft/sample/steps.hpp"

#if !WEFT_TEST_SANITIZED
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
    if (count == 64) before = test::allocations;
    if (count == 192) after = test::allocations;
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
  const std::size_t before = test::allocated_bytes;
  for (int i = 0; i < 1000; ++i) forks.push_back(prompt.fork());
  CHECK(test::allocated_bytes - before + forks.size() * sizeof(forks[0]) < std::size_t{1} << 20);
}

TEST_SUITE("smollm2") {
  TEST_CASE("decoding SmolLM2 to text allocates nothing once it is warm") {
    const auto file = test::smollm2_gguf();
    if (!test::present(file, "SmolLM2")) return;
    const Model<Cpu<>> model(file);
    CHECK(allocations_while_decoding(model, {"\n\n\n\n", "never to be seen"}) == 0);
  }
}
#endif
