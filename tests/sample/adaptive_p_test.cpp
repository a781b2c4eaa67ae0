#include "weft/sample/adaptive_p.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("a token at the target has the greatest logit, and after unlikely choices the target rises") {
  const std::vector<float> logits{std::log(0.6f), std::log(0.3f), std::log(0.1f), -inf};
  auto step = adaptive_p(0.3f, 0.5f);
  const auto first = applied(step, logits);
  CHECK(first[1] == doctest::Approx(5));
  CHECK(first[1] > std::max(first[0], first[2]));
  CHECK(first[3] == -inf);
  auto again = logits;
  std::vector<Token> history{9};
  apply(step, std::span<float>(again), {.history = history});
  history.push_back(2);  // 0.1 likely: the target is now 2 * 0.3 - (0.1 + 0.5 * 0.6) / 2 = 0.4
  again = logits;
  apply(step, std::span<float>(again), {.history = history, .unchanged = 1});
  const double d = 0.1 / 0.3;
  CHECK(again[1] == doctest::Approx(5 - 10 * d * d / (1 + d)));
}

TEST_CASE("a target outside [0, 1] and a decay outside [0, 0.99] are refused") {
  CHECK(kind_of_error([] { (void)adaptive_p(1.5f); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)adaptive_p(-0.5f); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)adaptive_p(0.5f, 1); }) == ErrorKind::argument);
}
