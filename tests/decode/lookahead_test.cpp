// Lookahead: a drafter that learns from what the model says about guesses.
#include "weft/decode/lookahead.hpp"

#include <doctest/doctest.h>

#include "support/errors.hpp"
#include "support/same_result.hpp"
#include "support/toy_sequence.hpp"
#include "weft/decode/generate.hpp"
#include "weft/decode/speculative.hpp"
#include "weft/sample/steps.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("guesses are what the model said for these places, and runs along the trajectories are tried where their first token comes") {
  auto drafter = lookahead({.window = 3, .ngram = 3, .candidates = 2});
  const auto draft = [&](std::vector<Token> history, std::size_t most = 9) {
    Draft made;
    drafter(std::span<const Token>(history), most, made);
    return made;
  };
  const auto said = [&](std::size_t position, std::vector<Token> path, std::vector<Token> likeliest) {
    std::vector<std::vector<float>> rows;
    for (const Token t : likeliest) rows.emplace_back(40)[static_cast<std::size_t>(t)] = 1;
    drafter.ran(position, path, [&](std::size_t i) { return std::span<const float>(rows[i]); });
  };
  CHECK(draft({5, 6, 7}).tokens == std::vector<Token>{5, 6, 7});  // nothing is known: the text itself
  said(2, {7, 5, 6, 7}, {10, 11, 12, 13});            // places 3, 4, 5, 6
  CHECK(draft({5, 6, 7, 10}).tokens == std::vector<Token>{11, 12, 13});
  said(3, {10, 11, 12, 13}, {11, 22, 23, 24});        // places 4, 5, 6, 7
  CHECK(draft({5, 6, 7, 10, 11}).tokens == std::vector<Token>{22, 23, 24});
  said(4, {11, 22, 23, 24}, {22, 33, 34, 35});        // places 5, 6, 7, 8: runs 10 11 22, 11 22 33, 12 23 34, 13 24 35
  const auto tree = draft({5, 6, 7, 10, 11, 22, 12});
  CHECK(tree.tokens == std::vector<Token>{23, 34, 34, 35, 7});    // the run after 12, then the window
  CHECK(tree.parents == std::vector<std::int32_t>{-1, 0, -1, 2, 3});
  CHECK(tree.trust[0] > tree.trust[2]);
  CHECK(draft({10}, 1).tokens == std::vector<Token>{11});
  said(6, {12, 39}, {1, 2});  // of no window: nothing is learned
  CHECK(draft({5, 6, 7, 10, 11, 22, 12}).tokens == tree.tokens);
}

TEST_CASE("with lookahead every text is that of the chain, and texts that come back to where they were need fewer passes") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    auto model = numbered_toy(8);
    model.order = 1 + seed % 2, model.seed = seed + 1, model.spread = 6;
    const Options options{.max_tokens = 60, .ignore_end_tokens = true, .seed = seed, .logprobs = 1};
    const SpeculativeOptions eager{.most = 20, .pass_cost = [](std::int64_t) { return 1.0; }, .draft_cost = [](std::int64_t) { return 0.0; }};
    const auto check = [&](const auto& chain) {
      const auto plain = generate(model, std::vector<Token>{1, 2, 3}, chain, options).front();
      const auto drafted = generate(model, std::vector<Token>{1, 2, 3}, speculative(chain, lookahead(), eager), options).front();
      check_same(plain, drafted);
      check_same(plain, generate(model, std::vector<Token>{1, 2, 3}, speculative(chain, lookahead()), options).front());
      return drafted.stats.passes;
    };
    CHECK(check(greedy()) < 45);
    check(draw());
    check(repetition_penalty(1.2f) | temperature(0.7f) | draw());
  }
}

TEST_CASE("lookahead refuses options out of range by name") {
  CHECK(contains(message_of([] { (void)lookahead({.window = 0}); }), "a window of 0"));
  CHECK(contains(message_of([] { (void)lookahead({.ngram = 1}); }), "runs of 1 tokens"));
  CHECK(contains(message_of([] { (void)lookahead({.candidates = 65}); }), "65 candidates"));
}
