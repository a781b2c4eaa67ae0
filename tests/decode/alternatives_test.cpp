#include "weft/decode/alternatives.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "support/toy_sequence.hpp"
#include "weft/decode/generate.hpp"
#include "weft/sample/parameters.hpp"
#include "weft/sample/steps.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("alternatives at a position are the likeliest tokens there, each continued as if it had been written") {
  const auto model = numbered_toy(12);
  ToySequence text(model);
  text.append(std::vector<Token>{1, 2, 3, 4, 5, 6});
  ToySequence before(model);
  before.append(std::vector<Token>{1, 2, 3});
  const Options own{.max_tokens = 5, .ignore_end_tokens = true, .logprobs = 4};
  model.positions = 0;
  const auto found = alternatives(text, 3, greedy(), {.k = 4}, own);
  CHECK(model.positions == 4 * 4);  // new tokens only, and the last of each is not run
  CHECK(text.size() == 6);
  REQUIRE(found.size() == 4);
  std::vector<float> p(before.logits().begin(), before.logits().end());
  log_softmax(p);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(found[i].tokens[0] == found[0].top_raw_at(0)[i].token);
    CHECK(found[i].raw_logprobs[0] == p[static_cast<std::size_t>(found[i].tokens[0])]);
    auto fork = before.fork();
    fork.append(std::span<const Token>(found[i].tokens).first(1));
    const auto rest = generate(fork, greedy(), {.max_tokens = 4, .ignore_end_tokens = true}).front();
    CHECK(std::equal(rest.tokens.begin(), rest.tokens.end(), found[i].tokens.begin() + 1, found[i].tokens.end()));
  }
  const auto likely = alternatives(text, 3, greedy(), {.k = 12, .min_probability = std::exp(p[static_cast<std::size_t>(found[2].tokens[0])])}, own);
  CHECK(likely.size() == 3);
  CHECK_THROWS_AS(alternatives(text, 0, greedy()), Error);
  CHECK_THROWS_AS(alternatives(text, 7, greedy()), Error);
}

TEST_CASE("an alternative is chosen from the model's own probabilities, and its continuation by the chain's steps") {
  const auto model = numbered_toy(12);
  ToySequence text(model);
  text.append(std::vector<Token>{1, 2, 3});
  const Options own{.max_tokens = 6, .ignore_end_tokens = true};
  const auto plain = alternatives(text, 3, greedy(), {.k = 3}, own);
  Token unwanted = -1;  // of a continuation, and no alternative itself
  for (const auto& r : plain)
    for (const Token t : r.tokens)
      if (std::none_of(plain.begin(), plain.end(), [&](const Result& other) { return other.tokens.front() == t; })) unwanted = t;
  REQUIRE(unwanted >= 0);
  const auto without = alternatives(text, 3, suppress_tokens({unwanted}) | greedy(), {.k = 3}, own);
  REQUIRE(without.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(without[i].tokens.front() == plain[i].tokens.front());
    CHECK(without[i].raw_logprobs.front() == plain[i].raw_logprobs.front());
    CHECK(std::count(without[i].tokens.begin(), without[i].tokens.end(), unwanted) == 0);
  }
  // the chain may exclude an alternative itself: it stands there, and comes no second time
  const Token first = plain[0].tokens.front();
  const auto once = alternatives(text, 3, suppress_tokens({first}) | greedy(), {.k = 3}, own);
  REQUIRE(once.size() == 3);
  CHECK(once[0].tokens.front() == first);
  for (const auto& r : once) CHECK(std::count(r.tokens.begin() + 1, r.tokens.end(), first) == 0);
  CHECK(alternatives(text, 3, greedy(), {.k = 3, .min_probability = 2}, own).empty());
  CHECK(alternatives(text, 3, greedy(), {.k = 100}, own).size() == 12);  // as many as there are tokens
  CHECK_THROWS_AS(alternatives(text, 3, greedy(), {.k = 0}), Error);
}
