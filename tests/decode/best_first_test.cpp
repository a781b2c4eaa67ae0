#include "weft/decode/best_first.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "decode/toy_start.hpp"
#include "support/toy_sequence.hpp"
#include "weft/decode/generate.hpp"
#include "weft/sample/parameters.hpp"
#include "weft/sample/steps.hpp"

using namespace weft;
using namespace weft::test;

namespace {

struct Text {
  double log_prob = 0;
  std::vector<Token> tokens{};
};

void enumerate(const ToySequence& s, std::size_t length, const Text& so_far, std::vector<Text>& all) {
  std::vector<float> logits(s.logits().begin(), s.logits().end());
  log_softmax(logits);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const auto token = static_cast<Token>(i);
    Text text = so_far;
    text.log_prob += static_cast<double>(logits[i]);
    text.tokens.push_back(token);
    if (length == 1 || token == s.model().ends[0]) {
      all.push_back(std::move(text));
    } else {
      auto fork = s.fork();
      fork.append(std::span<const Token>(&token, 1));
      enumerate(fork, length - 1, text, all);
    }
  }
}

std::vector<Text> best_of_all(const ToyModel& model, std::size_t length) {
  ToySequence root(model);
  root.append(one_token);
  std::vector<Text> all;
  enumerate(root, length, {}, all);
  std::stable_sort(all.begin(), all.end(), [](const Text& a, const Text& b) { return a.log_prob > b.log_prob; });
  return all;
}

}  // namespace

TEST_CASE("in 1,000 random models what is proved is what enumeration finds, and a gap is never too small") {
  auto model = numbered_toy(4);
  std::size_t proved = 0, open = 0;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    model.seed = seed;
    model.spread = 1 + static_cast<float>(seed % 5);
    const auto all = best_of_all(model, 4);
    const BestFirstOptions how{.returned = 5, .max_nodes = 2 + static_cast<std::int64_t>(seed % 60), .batch = 1 + static_cast<std::int64_t>(seed % 3)};
    const auto found = generate(model, one_token, best_first(how), {.max_tokens = 4});
    REQUIRE(!found.empty());
    for (std::size_t i = 0; i < found.size(); ++i) {
      REQUIRE(found[i].gap >= 0);
      REQUIRE(found[i].tokens.size() <= 4);
      // nothing that was missed is better than the score and the gap
      for (const auto& text : all) {
        const bool there = std::any_of(found.begin(), found.end(), [&](const Result& r) { return r.tokens == text.tokens; });
        if (!there) REQUIRE(text.log_prob <= found[i].score + found[i].gap + 1e-6);
      }
      if (found[i].gap > 0) {
        ++open;
        continue;
      }
      ++proved;
      REQUIRE(found[i].score == doctest::Approx(all[i].log_prob).epsilon(1e-6));
      REQUIRE(found[i].tokens == all[i].tokens);
    }
  }
  CHECK(proved > 1000);
  CHECK(open > 100);
}

TEST_CASE("a batch changes how many prefixes run, not what is found") {
  auto model = numbered_toy(5);
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    model.seed = seed;
    const auto one = generate(model, one_token, best_first({.returned = 4}), {.max_tokens = 5});
    const auto many = generate(model, one_token, best_first({.returned = 4, .batch = 8}), {.max_tokens = 5});
    REQUIRE(one.size() == 4);
    REQUIRE(many.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
      CHECK(one[i].tokens == many[i].tokens);
      CHECK(one[i].gap == 0);
      CHECK(many[i].gap == 0);
    }
  }
}

TEST_CASE("steps change what is likely, stop strings end texts, and a budget too small still gives a text") {
  auto model = numbered_toy(6);
  const auto limited = generate(model, one_token, no_repeat_ngram(1) | best_first({.returned = 3}), {.max_tokens = 3, .ignore_end_tokens = true});
  REQUIRE(limited.size() == 3);
  for (const auto& r : limited) {
    auto sorted = r.tokens;
    sorted.push_back(one_token[0]);
    std::sort(sorted.begin(), sorted.end());
    CHECK(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end());
  }
  for (const auto& r : generate(model, one_token, best_first({.returned = 8}), {.max_tokens = 4, .stop = {"<2>"}}))
    CHECK((r.stop == StopReason::stop_string) == (std::count(r.tokens.begin(), r.tokens.end(), 2) == 1));
  const auto poor = generate(model, one_token, best_first({.max_nodes = 1}), {.max_tokens = 7, .ignore_end_tokens = true});
  REQUIRE(poor.size() == 1);
  CHECK(poor.front().tokens.size() == 7);
  CHECK(poor.front().gap > 0);
  std::stop_source source;
  source.request_stop();
  CHECK(generate(model, one_token, best_first(), {.cancel = source.get_token()}).front().stop == StopReason::cancelled);
  CHECK(generate(model, one_token, best_first(), {.max_tokens = 0}).front().tokens.empty());
  CHECK_THROWS_AS(best_first({.returned = 0}), Error);
}
