#include "weft/sample/repetition_penalty.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("the penalty divides positive and multiplies negative logits of the history, once per token") {
  const std::vector<Token> history{1, 2, 1, 1};
  CHECK(applied(repetition_penalty(2), {4, 4, -4, 4}, {.history = history}) == std::vector<float>{4, 2, -8, 4});
}

TEST_CASE("a penalty that goes on from its last call equals one that begins anew, after rewinds too") {
  auto incremental = repetition_penalty(1.3f);
  incremental.prepare(50, 100);
  std::vector<Token> history;
  std::size_t unchanged = 0;
  for (std::uint64_t i = 0; i < 500; ++i) {
    if (i % 17 == 16) history.resize(history.size() - static_cast<std::size_t>(uniform(1, 2, i) * 9));
    unchanged = std::min(unchanged, history.size());
    history.push_back(static_cast<Token>(uniform(3, 4, i) * 50));
    auto a = random_logits(i, 50, Shape::smooth);
    const auto b = applied(repetition_penalty(1.3f), a, {.history = history});
    apply(incremental, std::span<float>(a), {.history = history, .unchanged = unchanged});
    REQUIRE(a == b);
    unchanged = history.size();
  }
}

TEST_CASE("penalties that are not finite and positive are refused; foreign ids are passed over") {
  for (const float p : {0.0f, -1.0f, inf, std::nanf("")})
    CHECK(kind_of_error([&] { (void)repetition_penalty(p); }) == ErrorKind::argument);
  const std::vector<Token> history{-1, 7, 1000000};
  CHECK(applied(repetition_penalty(2), {1, 1}, {.history = history}) == std::vector<float>{1, 1});
}
