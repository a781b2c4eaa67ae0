#include "weft/sample/pick.hpp"

#include <doctest/doctest.h>

#include <string>

#include "chi_squared.hpp"
#include "support.hpp"
#include "weft/sample/min_p.hpp"
#include "weft/sample/temperature.hpp"
#include "weft/sample/top_k.hpp"
#include "weft/sample/top_p.hpp"

using namespace weft;
using namespace weft::test;

namespace {

StepContext at(std::uint64_t seed, std::span<const Token> history, std::uint64_t branch = 0) {
  StepContext context;
  context.history = history;
  context.seed = seed;
  context.branch = branch;
  return context;
}

template <class Steps>
void check_branches(const Steps& steps, std::uint64_t seed, std::size_t vocab, Shape shape) {
  const auto logits = applied(steps, random_logits(seed, vocab, shape));
  const auto probabilities = plain_softmax(logits);
  Draw pick;
  std::vector<std::size_t> counts(vocab, 0);
  constexpr std::size_t n = 100000;
  std::vector<Token> history(1);
  for (std::size_t i = 0; i < n; ++i) {
    const auto choice = pick(logits, at(seed, std::span<const Token>(history), i));  // a branch for each draw
    ++counts[static_cast<std::size_t>(choice.token)];
    if (i % 1000 == 0)
      REQUIRE(static_cast<double>(choice.logprob) == doctest::Approx(std::log(probabilities[static_cast<std::size_t>(choice.token)])).epsilon(1e-5));
  }
  const auto chi = chi_squared(counts, probabilities, n);
  CAPTURE(seed);
  CHECK(chi.statistic < chi_squared_bound(std::max(chi.degrees, 1)));
}

}  // namespace

TEST_CASE("10^5 draws have the distribution of the chain: chi-squared below its 1 - 1e-5 quantile, fixed seeds") {
  check_branches(NoSteps{}, 1, 50, Shape::smooth);
  check_branches(NoSteps{}, 2, 300, Shape::tied);
  check_branches(temperature(1.7f), 3, 300, Shape::peaked);
  check_branches(top_k(20), 4, 300, Shape::smooth);
  check_branches(top_p(0.8f), 5, 300, Shape::tied);
  check_branches(min_p(0.1f), 6, 100, Shape::smooth);
  check_branches(NoSteps{}, 7, 130, Shape::excluded_mostly);
  check_branches(temperature(0.8f) | top_k(30) | top_p(0.9f), 8, 500, Shape::smooth);
}

TEST_CASE("a draw depends on seed, branch and position alone") {
  const auto logits = random_logits(1, 400, Shape::smooth);
  const std::vector<Token> one{1, 2, 3}, other{9, 8, 7}, longer{1, 2, 3, 4};
  Draw a, b;
  std::size_t differ_seed = 0, differ_branch = 0, differ_position = 0;
  for (std::uint64_t s = 0; s < 100; ++s) {
    const Token t = a(logits, at(s, one)).token;
    CHECK(b(logits, at(s, other)).token == t);
    CHECK(draw(s)(logits, at(12345, one)).token == t);  // a seed of its own wins over that of the options
    differ_seed += t != a(logits, at(s + 1000, one)).token;
    differ_branch += t != a(logits, at(s, one, 1)).token;
    differ_position += t != a(logits, at(s, longer)).token;
  }
  CHECK(std::min({differ_seed, differ_branch, differ_position}) > 80);
}

TEST_CASE("argmax takes the greatest logit, of equals the lowest id") {
  CHECK(argmax()(std::vector<float>{1, 3, 3, 2}, {}).token == 1);
  CHECK(argmax()(std::vector<float>{-inf, -7}, {}).token == 1);
  CHECK(argmax()(std::vector<float>{0, inf, inf}, {}).token == 1);
  CHECK(argmax()(std::vector<float>{0, 0}, {}).logprob == doctest::Approx(std::log(0.5)));
}

TEST_CASE("NaN and a vocabulary that is wholly excluded are refused by both picks") {
  Draw drawn;
  const std::vector<float> nan{1, 2, std::nanf(""), 3}, excluded(70, -inf), none;
  for (const auto* logits : {&nan, &excluded, &none}) {
    CHECK(kind_of_error([&] { (void)argmax()(*logits, {}); }) == ErrorKind::argument);
    CHECK(kind_of_error([&] { (void)drawn(*logits, {}); }) == ErrorKind::argument);
  }
  try {
    (void)drawn(nan, {});
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("logits[2]") != std::string::npos);
  }
}

TEST_CASE("no draw is ever out of range or of an excluded token") {
  Draw pick;
  std::vector<Token> history;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const std::size_t n = 1 + seed % 200;
    auto logits = random_logits(seed, n, static_cast<Shape>(seed % 5));
    if (seed % 7 == 0) logits[seed % n] = inf;
    if (*std::max_element(logits.begin(), logits.end()) == -inf) continue;
    const Token t = pick(logits, at(seed, history)).token;
    REQUIRE(t >= 0);
    REQUIRE(static_cast<std::size_t>(t) < n);
    REQUIRE(logits[static_cast<std::size_t>(t)] != -inf);
    if (seed % 7 == 0) REQUIRE(logits[static_cast<std::size_t>(t)] == inf);
  }
}
