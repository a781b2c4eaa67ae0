// What drafters guess that learn from the text alone. That guesses never change a text: speculative_test.cpp.
#include "weft/decode/suffix_drafter.hpp"

#include <doctest/doctest.h>

#include "decode/guess.hpp"
#include "support/errors.hpp"
#include "weft/core/philox.hpp"
#include "weft/decode/prompt_lookup.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("the suffix drafter guesses what most often followed the longest run that occurred before, and goes on in a text that repeats") {
  CHECK(guess(suffix_drafter(), {1, 2, 3, 4, 5, 6, 1, 2, 3}) == std::vector<Token>{4, 5, 6, 1});
  CHECK(guess(suffix_drafter(), {2, 3, 8, 2, 3, 8, 2, 3, 9, 2, 3}, 1) == std::vector<Token>{8});
  CHECK(guess(suffix_drafter(), {2, 8, 2, 9, 2}, 1) == std::vector<Token>{9});  // as often, but later
  CHECK(guess(suffix_drafter(), {1, 2, 3, 1, 2, 3, 1}, 7) == std::vector<Token>{2, 3, 1, 2, 3, 1, 2});
  CHECK(guess(suffix_drafter({.least_match = 2}), {3, 4, 3, 5, 3}).empty());
  CHECK(guess(suffix_drafter(), {1, 2, 3}).empty());
}

TEST_CASE("a drafter that is called for a growing text, a shorter one or a copy guesses as a new one does") {
  std::vector<Token> history;
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
    std::vector<Token> history;
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

TEST_CASE("the suffix drafter's branches begin with different tokens: what followed the longest run, then what followed shorter ones") {
  const auto tree = [](std::vector<Token> history, std::int64_t branches, std::size_t most) {
    auto drafter = suffix_drafter({.branches = branches});
    Draft draft;
    drafter(std::span<const Token>(history), most, draft);
    std::vector<std::vector<Token>> paths;
    for (std::size_t i = 0; i < draft.size(); ++i) {
      if (draft.parent(i) == Draft::root) paths.emplace_back();
      else REQUIRE(draft.parent(i) == static_cast<std::int32_t>(i) - 1);
      paths.back().push_back(draft.tokens[i]);
    }
    return paths;
  };
  const std::vector<Token> text{1, 2, 3, 4, 5, 1, 2, 3, 6, 7, 9, 3, 8, 1, 2, 3};
  CHECK(tree(text, 1, 3) == std::vector<std::vector<Token>>{{6, 7, 9}});
  CHECK(tree(text, 2, 6) == std::vector<std::vector<Token>>{{6, 7, 9, 3}, {4, 5}});
  CHECK(tree(text, 3, 8) == std::vector<std::vector<Token>>{{6, 7, 9, 3}, {4, 5}, {8, 1}});
  CHECK(tree(text, 16, 40).size() == 3);
  CHECK(tree(text, 16, 2) == std::vector<std::vector<Token>>{{6}, {4}});
  CHECK(tree({1, 2, 3}, 2, 4).empty());
}

TEST_CASE("drafters refuse parameters that make no sense, by name") {
  CHECK(contains(message_of([] { (void)prompt_lookup({.least_ngram = 0}); }), "prompt lookup of 0 to 3"));
  CHECK(contains(message_of([] { (void)prompt_lookup({.most_ngram = 1, .least_ngram = 2}); }), "prompt lookup of 2 to 1"));
  CHECK(contains(message_of([] { (void)prompt_lookup({.most_ngram = 17}); }), "prompt lookup of 1 to 17"));
  CHECK(contains(message_of([] { (void)suffix_drafter({.least_match = 0}); }), "least_match 0"));
  CHECK(contains(message_of([] { (void)suffix_drafter({.branches = 0}); }), "suffix drafter of 0 branches"));
}
