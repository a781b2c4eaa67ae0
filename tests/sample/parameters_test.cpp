#include "weft/sample/parameters.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("the chain from parameters gives the bits of the same chain composed at compile time") {
  const std::vector<Token> history{3, 9, 3, 9, 11, 3}, ends{0};
  StepContext context;
  context.history = history;
  context.prompt_length = 4;
  context.end_tokens = ends;
  context.seed = 5;
  auto composed = bias({{7, 1.5f}}) | repetition_penalty(1.3f) | no_repeat_ngram(2) | min_new_tokens(4) | temperature(0.7f) |
                  top_k(50) | top_p(0.9f) | min_p(0.02f) | draw();
  auto assembled = chain_from({.bias = {{7, 1.5f}}, .repetition_penalty = 1.3f, .no_repeat_ngram = 2, .min_new_tokens = 4,
                               .temperature = 0.7f, .top_k = 50, .top_p = 0.9f, .min_p = 0.02f});
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    auto a = random_logits(seed, 200, Shape::smooth), b = a;
    composed.process(a, context);
    assembled.process(b, context);
    REQUIRE(a == b);
    REQUIRE(composed.choose(a, context).token == assembled.choose(b, context).token);
  }
}

TEST_CASE("the default parameters change nothing, and a temperature of 0 is greedy") {
  auto logits = random_logits(1, 100, Shape::smooth);
  const auto before = logits;
  auto plain = chain_from({});
  plain.process(logits, {});
  CHECK(logits == before);
  auto cold = chain_from({.temperature = 0});
  cold.process(logits, {});
  CHECK(logits == before);
  for (std::uint64_t seed = 0; seed < 20; ++seed) CHECK(cold.choose(logits, {.seed = seed}).token == argmax()(logits, {}).token);
}

TEST_CASE("values outside a step's range are refused when the chain is made") {
  CHECK(kind_of_error([] { (void)chain_from({.temperature = -1}); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)chain_from({.top_k = -1}); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)chain_from({.top_p = 0}); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)chain_from({.min_p = 2}); }) == ErrorKind::argument);
}
