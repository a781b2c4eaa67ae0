// A generation by itself, as searches over many of them use it: when it may choose apart, who appends its tokens, and what it owns.
#include "weft/decode/generation.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "decode/toy_start.hpp"
#include "support/same_result.hpp"
#include "weft/decode/generate.hpp"
#include "weft/sample/steps.hpp"

using namespace weft;
using namespace weft::test;

namespace {

using Lane = detail::Generation<ToySequence>;

const Options six_tokens{.max_tokens = 6, .ignore_end_tokens = true, .seed = 4};

}  // namespace

TEST_CASE("a generation chooses apart where the logits are there, its steps allow it, and nobody is to be called") {
  const auto model = numbered_toy(16);
  auto sequence = started(model);
  Lane lane(sequence, detail::any_sampler(argmax()), six_tokens);
  CHECK(lane.chooses_apart());
  REQUIRE(lane.advance());
  CHECK_FALSE(lane.chooses_apart());  // its token waits
  lane.settle();
  CHECK(lane.chooses_apart());
  CHECK_FALSE(Lane(ToySequence(model), start, detail::any_sampler(argmax()), six_tokens).chooses_apart());
  auto told = six_tokens;
  told.on_piece = [](const Piece&) {};
  CHECK_FALSE(Lane(sequence, detail::any_sampler(argmax()), told).chooses_apart());
  const auto own = step([](std::span<float>, std::span<const Token>) {});
  CHECK_FALSE(Lane(sequence, detail::any_sampler(own | argmax()), six_tokens).chooses_apart());
}

TEST_CASE("whoever appends the token that waits may say so, and what follows is what it would have been") {
  const auto model = numbered_toy(16);
  const auto expected = generate(model, start, top_k(8) | draw(), six_tokens).front();
  Lane lane(ToySequence(model), start, detail::any_sampler(top_k(8) | draw()), six_tokens);
  CHECK(lane.waiting() == nullptr);
  while (lane.advance()) {
    REQUIRE(lane.waiting() != nullptr);
    CHECK(*lane.waiting() == lane.piece().id);
    if (lane.over()) break;
    lane.sequence().append(std::span<const Token>(lane.waiting(), 1));
    lane.settled();
    CHECK(lane.waiting() == nullptr);
  }
  check_same(lane.result(), expected);
  CHECK(lane.result().stats.passes == expected.stats.passes);
}

TEST_CASE("a token is settled once, however often that is asked") {
  const auto model = numbered_toy(16);
  auto sequence = started(model);
  Lane lane(sequence, detail::any_sampler(draw()), six_tokens);
  lane.settle();
  CHECK(sequence.size() == start.size());
  REQUIRE(lane.advance());
  CHECK(sequence.size() == start.size());
  for (int i = 0; i < 2; ++i) lane.settle();
  CHECK(sequence.size() == start.size() + 1);
  CHECK(sequence.tokens().back() == lane.piece().id);
  CHECK(lane.result().stats.passes == 1);
}

TEST_CASE("generations that take turns in one room write what each writes in a room of its own") {
  const auto model = numbered_toy(16);
  const auto chain = repetition_penalty(1.5f) | temperature(1.2f) | draw();
  std::vector<Lane> lanes;
  std::vector<Result> expected;
  for (const std::uint64_t branch : {0u, 1u, 2u}) {
    auto own = six_tokens;
    own.branch = branch, own.logprobs = 2;
    expected.push_back(generate(model, start, chain, own).front());
    lanes.emplace_back(ToySequence(model), start, detail::any_sampler(chain), own);
  }
  std::vector<float> room(3, -7.0f);
  for (bool goes_on = true; goes_on;) {
    goes_on = false;
    for (auto& lane : lanes) goes_on = lane.advance(room) || goes_on;
  }
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    CHECK(lanes[i].over());
    check_same(lanes[i].result(), expected[i]);
  }
}

TEST_CASE("a generation that is moved goes on over the same sequence, and the one it was moved from has none of the caller's") {
  const auto model = numbered_toy(16);
  auto sequence = started(model);
  Lane before(sequence, detail::any_sampler(draw()), six_tokens);
  CHECK(before.borrows());
  REQUIRE(before.advance());
  Lane lane(std::move(before));
  CHECK(lane.borrows());
  CHECK_FALSE(before.borrows());  // NOLINT: what it is after the move is the question
  CHECK(&lane.sequence() == &sequence);
  while (lane.advance()) {
  }
  check_same(lane.result(), generate(model, start, draw(), six_tokens).front());
  Lane owner(started(model), {}, detail::any_sampler(draw()), six_tokens);
  CHECK_FALSE(owner.borrows());
  Lane moved(std::move(owner));
  while (moved.advance()) {
  }
  check_same(moved.result(), lane.result());
}

TEST_CASE("steps are told how much of the history they have seen, whoever appends") {
  const auto model = numbered_toy(16);
  std::vector<std::size_t> seen, lengths;
  const auto note = step([&](std::span<float>, const StepContext& context) {
    seen.push_back(context.unchanged);
    lengths.push_back(context.history.size());
  });
  auto sequence = started(model);
  Lane lane(sequence, detail::any_sampler(note | argmax()), six_tokens);
  while (lane.advance()) {
  }
  CHECK(lengths == std::vector<std::size_t>{3, 4, 5, 6, 7, 8});
  CHECK(seen == std::vector<std::size_t>{0, 3, 4, 5, 6, 7});
}
