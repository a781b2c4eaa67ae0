#include "weft/sample/step.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("a step is told as much as it asks for") {
  const std::vector<Token> history{4, 5, 6};
  StepContext context;
  context.history = history;
  context.prompt_length = 1;
  auto simple = [](std::span<float> logits, std::span<const Token> seen) { logits[0] = static_cast<float>(seen.size()); };
  auto rich = [](std::span<float> logits, const StepContext& c) { logits[0] = static_cast<float>(c.generated()); };
  auto generic = [](auto logits, auto seen) { logits[0] = static_cast<float>(seen.size()) + 10; };
  CHECK(applied(simple, {0}, context)[0] == 3);
  CHECK(applied(rich, {0}, context)[0] == 2);
  CHECK(applied(generic, {0}, context)[0] == 13);
  CHECK(applied(step(rich), {0}, context)[0] == 2);
}

TEST_CASE("what is no step is not taken for one") {
  auto one_argument = [](std::span<float>) {};
  static_assert(!LogitsStep<decltype(one_argument)>);
  static_assert(!LogitsStep<int>);
}
