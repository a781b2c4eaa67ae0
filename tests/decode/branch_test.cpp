// What searches share: a search of one branch, written on it by hand, is greedy decoding.
#include "weft/decode/branch.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "support/errors.hpp"
#include "support/same_result.hpp"
#include "support/toy_sequence.hpp"
#include "weft/decode/generate.hpp"
#include "weft/sample/steps.hpp"

using namespace weft;
using namespace weft::test;

namespace {

/// take: each branch takes its parent's sequence; else it forks it.
template <class Steps>
Result walk(const ToySequence& prompt, const Steps& steps, const Options& options, bool take) {
  detail::Branching<ToySequence, Steps> branching(prompt, 0, options);
  std::vector<detail::Branch<ToySequence, Steps>> line;
  line.push_back(branching.root(prompt.fork(), {}, steps).first);
  for (std::size_t length = 1;; ++length) {
    const auto next = branching.next(line[0]);
    const auto best = static_cast<Token>(std::max_element(next.values.begin(), next.values.end()) - next.values.begin());
    const auto chosen = branching.candidate(line[0], 0, best, next.of(best));
    auto text = line[0].text;
    auto reason = branching.push(text, best);
    if (reason == StopReason::running && length == branching.limits().new_tokens) reason = branching.limits().reason_at_limit();
    auto child = branching.child(line[0], chosen, std::move(text), take);
    line.clear();
    line.push_back(std::move(child));
    branching.generated(length);
    if (reason != StopReason::running) {
      const double score = line[0].sum;
      return branching.finish({branching.result(line[0], line[0].text, reason, score)}).front();
    }
    if (length % 3 == 0) branching.tell(line[0], length);
    REQUIRE(branching.extend(line));
  }
}

}  // namespace

TEST_CASE("a search of one branch is greedy decoding: tokens, log-probs, alternatives, text, stops and pieces") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    auto model = numbered_toy(9);
    model.seed = seed;
    if (seed % 5 == 4) model.context = 12;
    ToySequence prompt(model);
    prompt.append(std::vector<Token>{1, 2, 3});
    Options options{.max_tokens = static_cast<std::int64_t>(1 + seed % 20), .ignore_end_tokens = seed % 3 == 0, .logprobs = static_cast<std::int64_t>(seed % 3)};
    if (seed % 4 == 1) options.stop = {"<" + std::to_string(seed % 9) + "><"};
    std::string pieces;
    options.on_piece = [&](const Piece& piece) { pieces += piece.text; };
    const auto check = [&](const Result& found, const Result& expected) {
      check_same(found, expected);
      CHECK(pieces == expected.text);
      pieces.clear();
    };
    const auto greedily = generate(prompt, greedy(), options).front();
    pieces.clear();
    for (const bool take : {true, false}) check(walk(prompt, NoSteps{}, options, take), greedily);
    CHECK(walk(prompt, frequency_penalty(0.7f), options, true).tokens == generate(prompt, frequency_penalty(0.7f) | greedy(), options).front().tokens);
    CHECK(prompt.size() == 3);
  }
}

TEST_CASE("of candidates the best are kept, best first, and of equals those that came first") {
  std::vector<detail::Candidate> candidates;
  const double sums[] = {-2, -1, -2, -1, -3};
  for (std::size_t i = 0; i < 5; ++i) candidates.push_back({.sum = sums[i], .branch = i});
  detail::keep_best(candidates, 3);
  REQUIRE(candidates.size() == 3);
  CHECK(candidates[0].branch == 1);
  CHECK(candidates[1].branch == 3);
  CHECK(candidates[2].branch == 0);
  detail::keep_best(candidates, 10);
  CHECK(candidates.size() == 3);
}

TEST_CASE("a step that leaves a NaN is refused, and so is one that excludes every token") {
  const auto model = numbered_toy(9);
  ToySequence prompt(model);
  prompt.append(std::vector<Token>{1});
  const auto walked = [&](float value) {
    return message_of([&] {
      const auto spoil = step([value](std::span<float> logits, std::span<const Token>) { logits[4] = value; });
      (void)walk(prompt, spoil, {.max_tokens = 2}, true);
    });
  };
  CHECK(contains(walked(std::numeric_limits<float>::quiet_NaN()), "logits[4] is NaN"));
  detail::Branching<ToySequence, NoSteps> none(prompt, 0, {});
  CHECK(contains(message_of([&] { (void)none.finish({}); }), "excluded"));
}
