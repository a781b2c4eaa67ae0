// Continuations side by side: each what it would be alone, over one prompt, in rounds.
#include "weft/decode/together.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "decode/toy_start.hpp"
#include "support/errors.hpp"
#include "support/same_result.hpp"
#include "weft/decode/generate.hpp"
#include "weft/sample/steps.hpp"

using namespace weft;
using namespace weft::test;

namespace {

Result scored(double score, Token id) {
  Result result;
  result.score = score;
  result.tokens = {id};
  return result;
}

}  // namespace

TEST_CASE("continuation i is that of branch + i by its own chain, and the prompt is run once for all") {
  const auto model = numbered_toy(16);
  Options options{.max_tokens = 12, .seed = 3, .branch = 7, .logprobs = 2};
  const auto chain_of = [](std::size_t i) { return top_k(static_cast<std::int64_t>(i) + 2) | draw(); };
  std::size_t pieces = 0;
  options.on_piece = [&](const Piece&) { ++pieces; };
  const auto found = detail::continue_together(ToySequence(model), start, 4, options, chain_of);
  CHECK(pieces == 0);
  CHECK(model.widths[start.size()] == 1);
  REQUIRE(found.size() == 4);
  for (std::size_t i = 0; i < found.size(); ++i) {
    auto own = options;
    own.branch = 7 + i;
    check_same(found[i], generate(model, start, chain_of(i), own).front());
    CHECK(found[i].stats.prefilled_tokens == start.size());
    CHECK(found[i].stats.passes + 1 == found[i].tokens.size());
  }
}

TEST_CASE("where the prompt is cancelled there is one result, which says so") {
  const auto model = numbered_toy(16);
  std::stop_source source;
  source.request_stop();
  const auto found = detail::continue_together(ToySequence(model), start, 4, {.cancel = source.get_token()}, [](std::size_t) { return draw(); });
  REQUIRE(found.size() == 1);
  CHECK(found[0].stop == StopReason::cancelled);
  CHECK(found[0].tokens.empty());
  CHECK(model.passes == 0);
}

TEST_CASE("a round passes over those that wait alone, and there is none when all are over") {
  const auto model = numbered_toy(16);
  std::vector<detail::Generation<ToySequence>> lanes;
  for (const std::int64_t length : {1, 3, 2})
    lanes.emplace_back(started(model), std::vector<Token>(), detail::any_sampler(argmax()), Options{.max_tokens = length, .ignore_end_tokens = true});
  model.passes = 0;
  detail::Rounds rounds(lanes);
  std::vector<std::size_t> passes;
  for (bool goes_on = true; goes_on;) {
    goes_on = rounds.choose();
    rounds.pass({});
    passes.push_back(model.passes);
  }
  CHECK(passes == std::vector<std::size_t>{2, 3, 3, 3});
  CHECK(lanes[1].result().tokens.size() == 3);
  for (auto& lane : lanes) CHECK(lane.over());
}

TEST_CASE("a pass that is cancelled leaves every lane with what it has, and each then ends by itself") {
  const auto model = numbered_toy(16);
  std::stop_source source;
  std::vector<detail::Generation<ToySequence>> lanes;
  for (int i = 0; i < 2; ++i)
    lanes.emplace_back(started(model), std::vector<Token>(), detail::any_sampler(argmax()),
                       Options{.max_tokens = 9, .ignore_end_tokens = true, .cancel = source.get_token()});
  detail::Rounds rounds(lanes);
  REQUIRE(rounds.choose());
  source.request_stop();
  rounds.pass(source.get_token());
  for (auto& lane : lanes) {
    CHECK(lane.waiting() != nullptr);
    CHECK(lane.sequence().size() == start.size());
  }
  for (const auto& result : detail::run_together(lanes, source.get_token())) {
    CHECK(result.stop == StopReason::cancelled);
    CHECK(result.tokens.size() == 1);
  }
}

TEST_CASE("the best are kept, equals in their order, and no more are made up") {
  std::vector<Result> results;  // more than a sort would leave in order by chance
  for (Token id = 0; id < 60; ++id) results.push_back(scored(id % 3 == 1 ? -1 : -2, id));
  auto all = results;
  detail::keep_best(results, 22);
  REQUIRE(results.size() == 22);
  for (Token i = 0; i < 20; ++i) CHECK(results[static_cast<std::size_t>(i)].tokens[0] == 3 * i + 1);
  CHECK(results[20].tokens[0] == 0);
  CHECK(results[21].tokens[0] == 2);
  detail::keep_best(all, 100);
  CHECK(all.size() == 60);
  CHECK(all.back().tokens[0] == 59);
}

TEST_CASE("as many samples are returned as there are, at most") {
  CHECK(test::message_of([] { detail::check_samples(4, 4); }).empty());
  CHECK(contains(test::message_of([] { detail::check_samples(0, 1); }), "number of samples 0"));
  for (const std::int64_t returned : {0, 5})
    CHECK(contains(test::message_of([&] { detail::check_samples(4, returned); }), " of 4 samples: expected 1 to"));
}
