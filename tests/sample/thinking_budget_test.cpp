#include "weft/sample/thinking_budget.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

namespace {
constexpr Token opening = 1, closing = 2;

/// The token that is forced after this text, or -1.
Token forced(ThinkingBudget& step, std::vector<Token> text, std::size_t unchanged, std::size_t prompt = 0) {
  std::vector<float> logits(6, 1);
  apply(step, std::span<float>(logits), {.history = text, .prompt_length = prompt, .unchanged = unchanged});
  if (logits == std::vector<float>(6, 1)) return -1;
  CHECK(std::count(logits.begin(), logits.end(), -inf) == 5);
  return static_cast<Token>(std::find(logits.begin(), logits.end(), 0.0f) - logits.begin());
}
}  // namespace

TEST_CASE(
    "the thought is closed after exactly the budget, whether tokens come one by one, at once, or after a rewind") {
  ThinkingBudgetOptions options;
  options.budget = 3;
  options.open = {{opening}};
  options.close = {{closing}};
  options.forced = {5, closing};
  auto step = thinking_budget(options);
  CHECK(forced(step, {0, opening, 3, 3}, 0) == -1);
  CHECK(forced(step, {0, opening, 3, 3, 3}, 4) == 5);
  CHECK(forced(step, {0, opening, 3, 3, 3, 5}, 5) == closing);
  CHECK(forced(step, {0, opening, 3, 3, 3, 5, closing}, 6) == -1);
  CHECK(forced(step, {0, opening, 3, 3, 3}, 5) == 5);
  CHECK(forced(step, {0, opening, 3, closing, 3, 3, 3}, 3) == -1);
  CHECK(forced(step, {0, opening, 3, closing, 3, opening, 3, 3, 3}, 7 - 2) == 5);
}

TEST_CASE("an opening in the prompt counts only if asked to") {
  ThinkingBudgetOptions options;
  options.budget = 1;
  options.open = {{opening}};
  options.close = {{closing}};
  auto without = thinking_budget(options);
  CHECK(forced(without, {0, opening, 4}, 0, 2) == -1);
  options.open_in_prompt = true;
  auto with = thinking_budget(options);
  CHECK(forced(with, {0, opening, 4}, 0, 2) == closing);
}

TEST_CASE("a negative budget and runs that are missing or empty are refused") {
  const auto made = [](std::int64_t budget, std::vector<std::vector<Token>> opens,
                       std::vector<std::vector<Token>> closes) {
    ThinkingBudgetOptions options;
    options.budget = budget;
    options.open = std::move(opens);
    options.close = std::move(closes);
    return kind_of_error([&] { (void)thinking_budget(options); });
  };
  CHECK(made(-1, {{1}}, {{2}}) == ErrorKind::argument);
  CHECK(made(1, {}, {{2}}) == ErrorKind::argument);
  CHECK(made(1, {{1}}, {}) == ErrorKind::argument);
  CHECK(made(1, {{}}, {{2}}) == ErrorKind::argument);
}
