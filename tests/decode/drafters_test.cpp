// What each drafter guesses. That guesses never change a text: speculative_test.cpp.
#include <doctest/doctest.h>

#include <set>

#include "support/errors.hpp"
#include "support/toy_sequence.hpp"
#include "weft/decode/draft_model.hpp"
#include "weft/decode/prompt_lookup.hpp"
#include "weft/decode/suffix_drafter.hpp"

using namespace weft;
using namespace weft::test;

namespace {

template <class D>
std::vector<Token> guess(D drafter, std::vector<Token> history, std::size_t most = 4) {
  Draft draft;
  drafter(std::span<const Token>(history), most, draft);
  CHECK(draft.trust.size() == draft.size());
  return draft.tokens;
}

using Tokens = std::vector<Token>;

}  // namespace

TEST_CASE("prompt lookup guesses what followed the latest occurrence of the longest run that it looks for") {
  CHECK(guess(prompt_lookup(), {1, 2, 3, 4, 5, 6, 1, 2, 3}) == Tokens{4, 5, 6, 1});
  CHECK(guess(prompt_lookup(), {1, 2, 3, 4, 9, 2, 3, 5, 1, 2, 3}) == Tokens{4, 9, 2, 3});  // three tokens before two
  CHECK(guess(prompt_lookup({.most_ngram = 2}), {1, 2, 3, 4, 9, 2, 3, 5, 1, 2, 3}) == Tokens{5, 1, 2, 3});
  CHECK(guess(prompt_lookup(), {3, 4, 3, 5, 3}) == Tokens{5, 3});  // it ends where the text does
  CHECK(guess(prompt_lookup({.least_ngram = 2}), {3, 4, 3, 5, 3}).empty());
  CHECK(guess(prompt_lookup(), {1, 2, 3}).empty());
  CHECK(guess(prompt_lookup(), {1}).empty());
  CHECK(guess(prompt_lookup(), {1, 1}, 1) == Tokens{1});
}

TEST_CASE("the suffix drafter guesses what most often followed the longest run that occurred before, and goes on in a text that repeats") {
  CHECK(guess(suffix_drafter(), {1, 2, 3, 4, 5, 6, 1, 2, 3}) == Tokens{4, 5, 6, 1});
  CHECK(guess(suffix_drafter(), {2, 3, 8, 2, 3, 8, 2, 3, 9, 2, 3}, 1) == Tokens{8});
  CHECK(guess(suffix_drafter(), {2, 8, 2, 9, 2}, 1) == Tokens{9});  // as often, but later
  CHECK(guess(suffix_drafter(), {1, 2, 3, 1, 2, 3, 1}, 7) == Tokens{2, 3, 1, 2, 3, 1, 2});
  CHECK(guess(suffix_drafter({.least_match = 2}), {3, 4, 3, 5, 3}).empty());
  CHECK(guess(suffix_drafter(), {1, 2, 3}).empty());
}

TEST_CASE("a drafter that is called for a growing text, a shorter one or a copy guesses as a new one does") {
  Tokens history;
  auto lookup = prompt_lookup();
  auto suffix = suffix_drafter();
  for (std::uint64_t i = 0; i < 300; ++i) {
    if (i % 50 == 49) history.resize(history.size() / 2);
    history.push_back(static_cast<Token>(4 * uniform(1, 2, i)));
    Draft a, b;
    auto copy = suffix;
    lookup(history, 5, a);
    copy(history, 5, b);
    suffix = copy;
    CHECK(a.tokens == guess(prompt_lookup(), history, 5));
    CHECK(b.tokens == guess(suffix_drafter(), history, 5));
  }
}

TEST_CASE("the longer the run that two places have in common, the greater the trust, token by token") {
  for (const std::size_t common : {1u, 2u, 5u, 12u}) {
    Tokens history;
    for (Token t = 0; t < 20; ++t) history.push_back(t);
    for (Token t = 0; t < static_cast<Token>(common); ++t) history.push_back(t);
    Draft a, b;
    prompt_lookup()(history, 4, a);
    suffix_drafter()(history, 4, b);
    CHECK(a.trust[0] == detail::trust_of_match(common, 2));
    CHECK(a.trust == b.trust);
    CHECK(a.trust[3] >= a.trust[0]);
  }
}

TEST_CASE("a draft model guesses its own greedy text from wherever the history goes, and nothing beyond its context") {
  auto model = numbered_toy(20);
  model.spread = 200;  // it is sure
  auto drafter = draft_model(ToySequence(model));
  drafter.prepare(20, 100);
  for (const Tokens& history : {Tokens{1, 2, 3}, Tokens{1, 2, 3, 4, 5}, Tokens{1, 7}, Tokens{9}}) {
    ToySequence check(model);
    check.append(history);
    Tokens expected;
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

TEST_CASE("the suffix drafter's branches begin with different tokens: what followed the longest run, then what followed shorter ones") {
  const auto tree = [](Tokens history, std::int64_t branches, std::size_t most) {
    auto drafter = suffix_drafter({.branches = branches});
    Draft draft;
    drafter(std::span<const Token>(history), most, draft);
    std::vector<Tokens> paths;
    for (std::size_t i = 0; i < draft.size(); ++i) {
      if (draft.parent(i) == Draft::root) paths.emplace_back();
      else REQUIRE(draft.parent(i) == static_cast<std::int32_t>(i) - 1);
      paths.back().push_back(draft.tokens[i]);
    }
    return paths;
  };
  const Tokens text{1, 2, 3, 4, 5, 1, 2, 3, 6, 7, 9, 3, 8, 1, 2, 3};
  CHECK(tree(text, 1, 3) == std::vector<Tokens>{{6, 7, 9}});
  CHECK(tree(text, 2, 6) == std::vector<Tokens>{{6, 7, 9, 3}, {4, 5}});
  CHECK(tree(text, 3, 8) == std::vector<Tokens>{{6, 7, 9, 3}, {4, 5}, {8, 1}});
  CHECK(tree(text, 16, 40).size() == 3);
  CHECK(tree(text, 16, 2) == std::vector<Tokens>{{6}, {4}});
  CHECK(tree({1, 2, 3}, 2, 4).empty());
}

TEST_CASE("a draft model's tree holds the likeliest tokens at each place, likeliest first, and its forks are one pass a depth") {
  auto model = numbered_toy(20);
  model.spread = 3;
  const auto probabilities = [&](Tokens text) {
    std::vector<float> logits(20);
    model.logits_after(text, logits);
    log_softmax(logits);
    return logits;
  };
  auto drafter = draft_model(ToySequence(model), {.branches = 3});
  Draft draft;
  drafter(Tokens{1, 2, 3}, 12, draft);
  std::vector<Tokens> paths;
  for (std::size_t i = 0; i < draft.size(); ++i) {
    const auto parent = draft.parent(i);
    REQUIRE(parent < static_cast<std::int32_t>(i));
    Tokens path = parent == Draft::root ? Tokens{1, 2, 3} : paths[static_cast<std::size_t>(parent)];
    const auto after = probabilities(path);
    const float own = after[static_cast<std::size_t>(draft.tokens[i])];
    CHECK(std::count_if(after.begin(), after.end(), [&](float p) { return p > own; }) < 3);
    CHECK(draft.trust[i] == static_cast<std::uint8_t>(std::exp(own) * Draft::most_trust));
    path.push_back(draft.tokens[i]);
    paths.push_back(path);
  }
  CHECK(draft.size() >= 1);
  CHECK(std::set<Tokens>(paths.begin(), paths.end()).size() == paths.size());
  model.spread = 20000;  // sure: a path
  Draft sure;
  draft_model(ToySequence(model), {.branches = 3})(Tokens{1, 2, 3}, 5, sure);
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

TEST_CASE("drafters refuse parameters that make no sense, by name") {
  CHECK(contains(message_of([] { (void)prompt_lookup({.least_ngram = 0}); }), "prompt lookup of 0 to 3"));
  CHECK(contains(message_of([] { (void)prompt_lookup({.most_ngram = 1, .least_ngram = 2}); }), "prompt lookup of 2 to 1"));
  CHECK(contains(message_of([] { (void)prompt_lookup({.most_ngram = 17}); }), "prompt lookup of 1 to 17"));
  CHECK(contains(message_of([] { (void)suffix_drafter({.least_match = 0}); }), "least_match 0"));
  CHECK(contains(message_of([] { (void)suffix_drafter({.branches = 0}); }), "suffix drafter of 0 branches"));
  CHECK(contains(message_of([] { (void)draft_model(ToySequence(numbered_toy(3)), {.branches = 17}); }), "draft model of 17 branches"));
  const auto small = numbered_toy(5);
  CHECK(contains(message_of([&] { draft_model(ToySequence(small)).prepare(6, 10); }), "it has 5 tokens, the other 6"));
}
