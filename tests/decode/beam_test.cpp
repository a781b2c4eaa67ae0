#include "weft/decode/beam.hpp"

#include <doctest/doctest.h>

#include <map>

#include "support/toy_sequence.hpp"
#include "weft/decode/generate.hpp"
#include "weft/sample/parameters.hpp"

using namespace weft;
using namespace weft::test;

namespace {
const std::vector<Token> start{1, 2};

// log-probability of `tokens` after `start`
double log_prob_of(const ToyModel& model, std::span<const Token> tokens) {
  ToySequence s(model);
  s.append(start);
  double sum = 0;
  for (const Token& t : tokens) {
    std::vector<float> logits(s.logits().begin(), s.logits().end());
    log_softmax(logits);
    sum += static_cast<double>(logits[static_cast<std::size_t>(t)]);
    s.append(std::span<const Token>(&t, 1));
  }
  return sum;
}
}  // namespace

TEST_CASE("a beam as wide as the tree is deep finds the best sequences of all") {
  auto model = numbered_toy(5);
  model.ends.clear();
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    model.seed = seed;
    std::multimap<double, std::vector<Token>, std::greater<>> all;
    for (Token a = 0; a < 5; ++a)
      for (Token b = 0; b < 5; ++b)
        for (Token c = 0; c < 5; ++c) {
          const std::vector<Token> tokens{a, b, c};
          all.emplace(log_prob_of(model, tokens), tokens);
        }
    const auto found = generate(model, start, beam({.width = 125, .length_penalty = 0, .returned = 10}), {.max_tokens = 3});
    auto best = all.begin();
    for (const auto& r : found) {
      REQUIRE(r.tokens == best->second);
      REQUIRE(r.score == doctest::Approx(best->first).epsilon(1e-5));
      ++best;
    }
  }
}

TEST_CASE("a beam of width one is greedy") {
  const auto model = numbered_toy(40);
  const auto a = generate(model, start, beam({.width = 1}), {.max_tokens = 15, .ignore_end_tokens = true}).front();
  const auto b = generate(model, start, greedy(), {.max_tokens = 15, .ignore_end_tokens = true}).front();
  CHECK(a.tokens == b.tokens);
  CHECK(a.text == b.text);
  CHECK(a.raw_logprobs == b.raw_logprobs);
}

TEST_CASE("the score is the sum of the log-probs over the length to the power of the penalty, best first") {
  const auto model = numbered_toy(12);
  for (const float penalty : {0.0f, 0.6f, 1.0f, 2.0f}) {
    const auto results = generate(model, start, beam({.width = 5, .length_penalty = penalty, .returned = 5}), {.max_tokens = 12, .logprobs = 2});
    REQUIRE(results.size() == 5);
    for (std::size_t i = 0; i < results.size(); ++i) {
      const auto& r = results[i];
      const double sum = log_prob_of(model, r.tokens);
      CHECK(r.score == doctest::Approx(sum / std::pow(static_cast<double>(r.tokens.size()), static_cast<double>(penalty))));
      if (i > 0) CHECK(results[i - 1].score >= r.score);
      CHECK(r.top.size() == 2 * r.tokens.size());
      CHECK((r.stop == StopReason::end_token) == (r.tokens.back() == 11));
    }
  }
}

TEST_CASE("a hypothesis ends at a stop string, which its text does not contain") {
  const auto model = numbered_toy(8);
  const auto results = generate(model, start, beam({.width = 4, .returned = 4}), {.max_tokens = 20, .stop = {"<3>"}, .ignore_end_tokens = true});
  std::size_t stopped = 0;
  for (const auto& r : results) {
    CHECK(r.text.find("<3>") == std::string::npos);
    if (r.stop != StopReason::stop_string) continue;
    ++stopped;
    CHECK(r.tokens.back() == 3);
    CHECK(r.stop_string == "<3>");
  }
  CHECK(stopped > 0);
}

TEST_CASE("steps stand before a beam, each branch with a state of its own") {
  const auto model = numbered_toy(20);
  const auto results = generate(model, start, no_repeat_ngram(1) | repetition_penalty(1.2f) | beam({.width = 4, .returned = 4}), {.max_tokens = 12, .ignore_end_tokens = true});
  for (const auto& r : results) {
    auto sorted = r.tokens;
    std::sort(sorted.begin(), sorted.end());
    CHECK(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end());
  }
}

TEST_CASE("branches that run out and steps that exclude all are an end or an error, never a wrong token") {
  const auto model = numbered_toy(4);
  // after four distinct tokens of a vocabulary of four nothing is left: what is finished by then is returned, or refused
  auto none = [](std::span<float> logits, std::span<const Token>) {
    for (float& x : logits) x = -HUGE_VALF;
  };
  CHECK_THROWS_AS(generate(model, start, none | beam(), {.max_tokens = 3}), Error);
  auto only_end = [](std::span<float> logits, std::span<const Token>) {
    for (std::size_t i = 0; i < 3; ++i) logits[i] = -HUGE_VALF;
  };
  const auto results = generate(model, start, only_end | beam({.width = 3, .returned = 3}), {.max_tokens = 3});
  REQUIRE(results.size() == 1);
  CHECK(results.front().tokens == std::vector<Token>{3});
}

TEST_CASE("a cancelled search returns its best branches so far") {
  const auto model = numbered_toy(20);
  std::stop_source source;
  auto stop_later = [&](std::span<float>, std::span<const Token> history) {
    if (history.size() == 6) source.request_stop();
  };
  const auto results = generate(model, start, stop_later | beam({.width = 3, .returned = 3}), {.max_tokens = 30, .ignore_end_tokens = true, .cancel = source.get_token()});
  REQUIRE(results.size() == 3);
  for (const auto& r : results) {
    CHECK(r.stop == StopReason::cancelled);
    CHECK(r.tokens.size() == 5);
  }
}

TEST_CASE("beam options outside their ranges are refused") {
  CHECK_THROWS_AS(beam({.width = 0}), Error);
  CHECK_THROWS_AS(beam({.width = 2, .returned = 3}), Error);
  CHECK_THROWS_AS(beam({.width = 2, .returned = 0}), Error);
  CHECK_THROWS_AS(beam({.length_penalty = HUGE_VALF}), Error);
}
