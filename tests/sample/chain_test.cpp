#include "weft/sample/chain.hpp"

#include <doctest/doctest.h>

#include "support.hpp"
#include "weft/sample/pick.hpp"
#include "weft/sample/temperature.hpp"
#include "weft/sample/top_k.hpp"

using namespace weft;
using namespace weft::test;

namespace {
// x -> 2 x + digit: any other order gives another number
auto append_digit(float digit) {
  return [digit](std::span<float> logits, std::span<const Token>) { logits[0] = 2 * logits[0] + digit; };
}
}  // namespace

TEST_CASE("steps are applied from left to right, however they are grouped") {
  CHECK(applied(step(append_digit(1)) | append_digit(0) | append_digit(1), {0})[0] == 5);
  CHECK(applied(step(append_digit(1)) | (step(append_digit(0)) | append_digit(1)), {0})[0] == 5);
  CHECK(applied(append_digit(1) | (append_digit(0) | step(append_digit(0))), {0})[0] == 4);
}

TEST_CASE("a lambda composes on either side of a step of the library") {
  auto chain = append_digit(3) | temperature(0.5f) | append_digit(1);
  CHECK(applied(chain, {0})[0] == 13);
}

TEST_CASE("a chain ends in a pick, which the steps come before") {
  auto sampler = append_digit(1) | (temperature(0.5f) | argmax());
  std::vector<float> logits{3, 6.5f, 1};
  sampler.process(logits, {});
  CHECK(logits == std::vector<float>{14, 13, 2});
  CHECK(sampler.choose(logits, {}).token == 0);
  static_assert(PicksTokens<decltype(sampler)>);
  static_assert(PicksTokens<Draw>);
  static_assert(!PicksTokens<decltype(top_k(3))>);
  static_assert(!PicksTokens<decltype(top_k(3) | temperature(1))>);
}

TEST_CASE("a copy of a chain has a state of its own") {
  int calls = 0;
  auto counting = [calls](std::span<float> logits, std::span<const Token>) mutable { logits[0] = static_cast<float>(++calls); };
  auto chain = step(counting) | temperature(1);
  std::vector<float> logits{0};
  chain(logits, std::span<const Token>());
  auto fork = chain;
  chain(logits, std::span<const Token>());
  fork(logits, std::span<const Token>());
  CHECK(logits[0] == 2);
}

TEST_CASE("an absent step changes nothing and a present one is applied") {
  Maybe<Temperature> maybe;
  CHECK(applied(maybe, {3})[0] == 3);
  maybe.step = temperature(0.5f);
  CHECK(applied(maybe, {3})[0] == 6);
}
