#include "weft/sample/chain.hpp"

#include <doctest/doctest.h>

#include "support.hpp"
#include "weft/sample/pick.hpp"
#include "weft/sample/steps.hpp"

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

TEST_CASE("in a chain that knows what is left every step and pick does what it does alone, to the bit") {
  const std::vector<Token> history{3, 70, 3, 200, 511, 70};
  const auto check = [&](auto sampler) {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      auto logits = random_logits(seed, 256 * 9 + seed % 5, static_cast<Shape>(seed % 5));
      auto alone = logits;
      const StepContext context{.history = history, .prompt_length = 2, .seed = seed};
      sampler.prepare(logits.size(), 10);
      auto steps = sampler.steps;
      const bool whole = seed / 5 % 2 == 0;
      sampler.process(logits, context, whole);
      weft::apply(steps, std::span<float>(alone), context);
      if (whole) REQUIRE(logits == alone);
      auto pick = sampler.pick;
      const Choice a = sampler.choose(logits, context), b = pick(std::span<const float>(alone), context);
      detail::write_excluded(logits, sampler.live);
      REQUIRE(logits == alone);
      REQUIRE(a.token == b.token);
      REQUIRE(a.logprob == b.logprob);
    }
  };
  check(repetition_penalty(1.1f) | frequency_penalty(0.1f) | top_k(40) | top_p(0.9f) | min_p(0.05f) | temperature(0.8f) | draw());
  check(top_n_sigma(2) | presence_penalty(0.5f) | typical_p(0.9f) | epsilon_cutoff(1e-3f) | argmax());
  check(top_k(90) | dynamic_temperature(1, 0.5f) | eta_cutoff(1e-3f) | xtc(1, 0.05f) | draw());
  check(min_p(0.01f) | top_h(0.7f) | adaptive_p(0.4f) | draw());
  check(top_k(70) | mirostat(3) | mirostat_v2(3) | draw());
  check(top_k(50) | watermark_kgw({.seeding_scheme = KgwOptions::Seeding::self_hash, .context_width = 4}) | top_p(0.9f) | draw());
  check(min_p(0.1f) | bias({{3, 2.0f}, {1700, 9.0f}}) | no_repeat_ngram(2) | typical_p(0.8f) | temperature(0.5f) | draw());
  check(top_p(0.5f) | checked(top_n_sigma(1) | suppress_tokens({5, 900})) | argmax());
  check(top_k(5) | forced_bos_token(9) | step([](std::span<float> logits, std::span<const Token>) { logits[450] = 7; }) | min_p(0.2f) | draw());
}

TEST_CASE("a token that a step of the caller's brings back is seen by the steps and the pick behind it") {
  const auto bring_back = [](std::span<float> logits, std::span<const Token>) { logits[700] = 100; };
  struct AroundAnother : Composable {
    MinP inner = min_p(0.5f);
    void operator()(std::span<float> logits, const StepContext& context) {
      logits[700] = 100;
      weft::apply(inner, logits, context);
    }
  };
  const auto token_of = [](auto sampler) {
    auto logits = random_logits(1, 1280, Shape::smooth);
    sampler.process(logits, {});
    return sampler.choose(logits, {}).token;
  };
  CHECK(token_of(top_k(1) | bring_back | argmax()) == 700);
  CHECK(token_of(top_k(1) | bring_back | min_p(0.5f) | draw()) == 700);
  CHECK(token_of(top_k(1) | AroundAnother() | draw()) == 700);
}
