// What a smaller model guesses. That guesses never change a text: speculative_test.cpp.
#include "weft/decode/draft_model.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "decode/guess.hpp"
#include "support/errors.hpp"
#include "support/toy_sequence.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("a draft model guesses its own greedy text from wherever the history goes, and nothing beyond its context") {
  auto model = numbered_toy(20);
  model.spread = 200;  // it is sure
  auto drafter = draft_model(ToySequence(model));
  drafter.prepare(20, 100);
  for (const std::vector<Token>& history : {std::vector<Token>{1, 2, 3}, std::vector<Token>{1, 2, 3, 4, 5}, std::vector<Token>{1, 7}, std::vector<Token>{9}}) {
    ToySequence check(model);
    check.append(history);
    std::vector<Token> expected;
    for (int i = 0; i < 3; ++i) {
      const auto logits = check.logits();
      expected.push_back(static_cast<Token>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
      check.append(std::span<const Token>(expected).last(1));
    }
    Draft draft;
    drafter(history, 3, draft);
    CHECK(draft.tokens == expected);
  }
  model.context = 4;
  CHECK(guess(draft_model(ToySequence(model)), {1, 2, 3}, 5).size() == 2);  // one after three tokens, one after four
  CHECK(guess(draft_model(ToySequence(model)), {1, 2, 3, 4, 5}, 5).empty());
}

TEST_CASE("a draft model's tree holds the likeliest tokens at each place, likeliest first, and its forks are one pass a depth") {
  auto model = numbered_toy(20);
  model.spread = 3;
  const auto probabilities = [&](std::vector<Token> text) {
    std::vector<float> logits(20);
    model.logits_after(text, logits);
    log_softmax(logits);
    return logits;
  };
  auto drafter = draft_model(ToySequence(model), {.branches = 3});
  Draft draft;
  drafter(std::vector<Token>{1, 2, 3}, 12, draft);
  std::vector<std::vector<Token>> paths;
  for (std::size_t i = 0; i < draft.size(); ++i) {
    const auto parent = draft.parent(i);
    REQUIRE(parent < static_cast<std::int32_t>(i));
    std::vector<Token> path = parent == Draft::root ? std::vector<Token>{1, 2, 3} : paths[static_cast<std::size_t>(parent)];
    const auto after = probabilities(path);
    const float own = after[static_cast<std::size_t>(draft.tokens[i])];
    CHECK(std::count_if(after.begin(), after.end(), [&](float p) { return p > own; }) < 3);
    CHECK(draft.trust[i] == static_cast<std::uint8_t>(std::exp(own) * Draft::most_trust));
    path.push_back(draft.tokens[i]);
    paths.push_back(path);
  }
  CHECK(draft.size() >= 1);
  CHECK(std::set<std::vector<Token>>(paths.begin(), paths.end()).size() == paths.size());
  model.spread = 20000;  // sure: a path
  Draft sure;
  draft_model(ToySequence(model), {.branches = 3})(std::vector<Token>{1, 2, 3}, 5, sure);
  CHECK(sure.size() == 5);
  CHECK(guess(draft_model(ToySequence(model)), {1, 2, 3}, 5) == sure.tokens);
  model.context = 4;
  CHECK(guess(draft_model(ToySequence(model), {.branches = 2}), {1, 2, 3}, 5).size() == 2);
}

TEST_CASE("a draft model that is unsure stops early") {
  auto model = numbered_toy(20);
  model.spread = 0.1f;  // all tokens are about as likely
  CHECK(guess(draft_model(ToySequence(model)), {1, 2, 3}, 5).size() == 1);
}

TEST_CASE("a draft model that is copied drafts for two texts, each as if the other were not") {
  auto model = numbered_toy(20);
  model.spread = 200;
  auto one = draft_model(ToySequence(model));
  std::vector<Token> history{1, 2, 3};
  (void)guess(one, history, 3);
  auto other = one;
  std::vector<Token> longer = history;
  for (int i = 0; i < 5; ++i) {
    history.push_back(static_cast<Token>(i));
    longer.push_back(static_cast<Token>(9 - i));
    Draft a, b;
    one(history, 3, a);
    other(longer, 3, b);
    CHECK(a.tokens == guess(draft_model(ToySequence(model)), history, 3));
    CHECK(b.tokens == guess(draft_model(ToySequence(model)), longer, 3));
  }
}

TEST_CASE("a draft model refuses another vocabulary and branches that make no sense, by name") {
  CHECK(contains(message_of([] { (void)draft_model(ToySequence(numbered_toy(3)), {.branches = 17}); }), "draft model of 17 branches"));
  const auto small = numbered_toy(5);
  CHECK(contains(message_of([&] { draft_model(ToySequence(small)).prepare(6, 10); }), "it has 5 tokens, the other 6"));
}
