#include "weft/decode/guidance.hpp"

#include <doctest/doctest.h>

#include "support/toy_sequence.hpp"
#include "weft/decode/beam.hpp"
#include "weft/decode/contrastive_decoding.hpp"
#include "weft/decode/generate.hpp"
#include "weft/sample/parameters.hpp"
#include "weft/sample/steps.hpp"

using namespace weft;
using namespace weft::test;

namespace {

ToySequence toy(const ToyModel& model, std::vector<Token> tokens) {
  ToySequence s(model);
  s.append(tokens);
  return s;
}

std::vector<float> log_probs(const ToySequence& s) {
  std::vector<float> logits(s.logits().begin(), s.logits().end());
  log_softmax(logits);
  return logits;
}

}  // namespace

TEST_CASE("guidance goes from what is said without the prompt through what is said with it, by the scale") {
  const auto model = numbered_toy(30);
  for (const float scale : {0.0f, 1.0f, 1.5f, 3.0f}) {
    const auto with = toy(model, {1, 2, 3}), without = toy(model, {3});
    const auto pair = guided(with.fork(), without.fork(), scale);
    const auto c = log_probs(with), u = log_probs(without);
    for (std::size_t i = 0; i < 30; ++i) CHECK(pair.logits()[i] == doctest::Approx(u[i] + scale * (c[i] - u[i])).epsilon(1e-5));
  }
}

TEST_CASE("guided greedy text is that of both sequences grown by hand") {
  const auto model = numbered_toy(30);
  auto with = toy(model, {1, 2, 3}), without = toy(model, {7});
  const auto result = generate(guided(with.fork(), without.fork(), 2.0f), greedy(), {.max_tokens = 12, .ignore_end_tokens = true}).front();
  REQUIRE(result.tokens.size() == 12);
  for (const Token& t : result.tokens) {
    const auto c = log_probs(with), u = log_probs(without);
    std::size_t best = 0;
    for (std::size_t i = 1; i < 30; ++i)
      if (2 * c[i] - u[i] > 2 * c[best] - u[best]) best = i;
    CHECK(t == static_cast<Token>(best));
    with.append(std::span<const Token>(&t, 1));
    without.append(std::span<const Token>(&t, 1));
  }
}

TEST_CASE("a pair forks, rewinds and is searched like any sequence; scale 1 is the first sequence alone") {
  const auto model = numbered_toy(20);
  auto pair = guided(toy(model, {1, 2, 3}), toy(model, {5, 6}), 1.0f);
  const Options options{.max_tokens = 8, .ignore_end_tokens = true, .seed = 3};
  const auto alone = toy(model, {1, 2, 3});
  CHECK(generate(pair, draw(), options).front().tokens == generate(alone, draw(), options).front().tokens);
  const auto a = generate(pair, beam({.width = 3, .returned = 3}), options), b = generate(alone, beam({.width = 3, .returned = 3}), options);
  for (std::size_t i = 0; i < 3; ++i) CHECK(a[i].tokens == b[i].tokens);
  const std::vector<float> before(pair.logits().begin(), pair.logits().end());
  const std::vector<Token> more{8, 9};
  auto fork = pair.fork();
  fork.append(more);
  CHECK(pair.size() == 3);
  CHECK(fork.second().size() == 4);
  fork.rewind(3);
  CHECK(std::equal(before.begin(), before.end(), fork.logits().begin()));
  CHECK_THROWS_AS(fork.rewind(0), Error);  // the second had only two tokens then
  CHECK(fork.size() == 3);
}

TEST_CASE("a pair stops where the shorter context is full, and takes both or neither") {
  auto model = numbered_toy(20);
  auto small = numbered_toy(20);
  small.context = 6;
  auto pair = guided(toy(model, {1, 2, 3}), toy(small, {5, 6, 7, 8}), 1.5f);
  CHECK(pair.capacity() == 5);
  const auto result = generate(pair, greedy(), {.max_tokens = 50, .ignore_end_tokens = true}).front();
  CHECK(result.tokens.size() == 2);
  CHECK(result.stop == StopReason::context_full);
  const std::vector<Token> three{1, 1, 1}, one{1};
  CHECK_THROWS_AS(pair.append(three), Error);
  CHECK(pair.size() == 3);
  CHECK(pair.second().size() == 4);
  pair.append(one);
  pair.append(one);
  CHECK_THROWS_AS(pair.append(one), Error);
  CHECK(pair.size() == 5);
}

TEST_CASE("contrastive decoding is the expert minus the amateur, among what the expert finds plausible") {
  const auto expert_model = numbered_toy(30);
  auto amateur_model = numbered_toy(30);
  amateur_model.seed = 99;
  const auto expert = toy(expert_model, {1, 2}), amateur = toy(amateur_model, {1, 2});
  const auto pair = contrasted(expert.fork(), amateur.fork(), {.plausibility = 0.3f, .expert = 1.5f, .amateur = 0.5f});
  const auto e = log_probs(expert), a = log_probs(amateur);
  const float bound = *std::max_element(e.begin(), e.end()) + std::log(0.3f);
  for (std::size_t i = 0; i < 30; ++i) {
    if (e[i] >= bound)
      CHECK(pair.logits()[i] == doctest::Approx(1.5f * e[i] - 0.5f * a[i]).epsilon(1e-5));
    else
      CHECK(pair.logits()[i] == -HUGE_VALF);
  }
  // an amateur without weight, and a bound of 1, leave greedy
  const Options options{.max_tokens = 9, .ignore_end_tokens = true};
  const auto greedily = generate(expert, greedy(), options).front().tokens;
  CHECK(generate(contrasted(expert.fork(), amateur.fork(), {.amateur = 0}), greedy(), options).front().tokens == greedily);
  CHECK(generate(contrasted(expert.fork(), amateur.fork(), {.plausibility = 1}), draw(), options).front().tokens == greedily);
}

TEST_CASE("guidance and contrast outside their ranges, and models of two vocabularies, are refused") {
  const auto model = numbered_toy(30), other = numbered_toy(31);
  CHECK_THROWS_AS(guided(toy(model, {1}), toy(other, {1}), 1.5f), Error);
  CHECK_THROWS_AS(guided(toy(model, {1}), toy(model, {1}), HUGE_VALF), Error);
  CHECK_THROWS_AS(contrasted(toy(model, {1}), toy(model, {1}), {.plausibility = 0}), Error);
  CHECK_THROWS_AS(contrasted(toy(model, {1}), toy(model, {1}), {.amateur_temperature = 0}), Error);
}
