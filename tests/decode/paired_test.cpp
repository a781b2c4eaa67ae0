#include "weft/decode/paired.hpp"

#include <doctest/doctest.h>

#include "support/toy_sequence.hpp"

using namespace weft;
using namespace weft::test;

namespace {

/// Twice the first plus the second.
struct TwicePlus {
  void operator()(std::span<const float> first, std::span<const float> second, std::vector<float>& out) const {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = 2 * first[i] + second[i];
  }
};
using Pair = Paired<ToySequence, ToySequence, TwicePlus>;
static_assert(DecodableSequence<Pair> && VerifyingSequence<Pair>);

ToySequence text_of(const ToyModel& model, std::vector<Token> tokens) {
  ToySequence made(model);
  made.append(tokens);
  return made;
}

void check_logits(const Pair& pair, const ToySequence& first, const ToySequence& second) {
  REQUIRE(pair.logits().size() == first.logits().size());
  for (std::size_t i = 0; i < first.logits().size(); ++i) CHECK(pair.logits()[i] == 2 * first.logits()[i] + second.logits()[i]);
}

}  // namespace

TEST_CASE("a pair appends to both of its sequences, forks and rewinds with them, and its logits are what is made of theirs") {
  const auto model = numbered_toy(20);
  auto other = numbered_toy(20);
  other.seed = 9;
  Pair pair(text_of(model, {1, 2, 3}), text_of(other, {3}), {});
  check_logits(pair, text_of(model, {1, 2, 3}), text_of(other, {3}));
  Pair fork = pair.fork();
  fork.append(std::vector<Token>{4});
  fork.append(std::vector<Token>{5, 6});
  CHECK(std::vector<Token>(fork.tokens().begin(), fork.tokens().end()) == std::vector<Token>{1, 2, 3, 4, 5, 6});
  check_logits(fork, text_of(model, {1, 2, 3, 4, 5, 6}), text_of(other, {3, 4, 5, 6}));
  check_logits(pair, text_of(model, {1, 2, 3}), text_of(other, {3}));
  fork.rewind(4);
  check_logits(fork, text_of(model, {1, 2, 3, 4}), text_of(other, {3, 4}));
  CHECK_THROWS_AS(fork.rewind(1), Error);  // the second sequence began later
  CHECK(fork.size() == 4);

  std::vector<float> earlier(2 * 20);
  Pair checked = pair.fork();
  checked.append_with_logits(std::vector<Token>{7, 8, 9}, earlier);
  Pair step = pair.fork();
  for (std::size_t i = 0; i < 2; ++i) {
    step.append(std::vector<Token>{static_cast<Token>(7 + i)});
    CHECK(std::equal(step.logits().begin(), step.logits().end(), earlier.begin() + static_cast<std::ptrdiff_t>(20 * i)));
  }
}

TEST_CASE("both sequences of a pair grow or neither, and the pair has room for what the fuller one takes") {
  const auto model = numbered_toy(20);
  auto small = numbered_toy(20);
  small.context = 3;
  for (const std::vector<Token>& more : {std::vector<Token>{5}, std::vector<Token>{5, 6}}) {
    Pair pair(text_of(model, {1, 2}), text_of(small, {1, 2, 3}), {});
    CHECK(pair.capacity() == 2);
    CHECK_THROWS_AS(pair.append(more), Error);
    CHECK(pair.first().size() == 2);
    CHECK(pair.second().size() == 3);
    check_logits(pair, text_of(model, {1, 2}), text_of(small, {1, 2, 3}));
  }
  Pair pair(text_of(model, {1, 2}), text_of(small, {1, 2, 3}), {});
  std::vector<float> earlier(20);
  CHECK_THROWS_AS(pair.append_with_logits(std::vector<Token>{5, 6}, earlier), Error);
  CHECK(pair.size() == 2);
}

TEST_CASE("what two sequences of one model append to is one pass where the pair is asked for one token") {
  const auto model = numbered_toy(20), wider = numbered_toy(21);
  Pair pair(text_of(model, {1}), text_of(model, {2}), {});
  pair.append(std::vector<Token>{3});
  check_logits(pair, text_of(model, {1, 3}), text_of(model, {2, 3}));
  CHECK_THROWS_AS(Pair(text_of(model, {1}), text_of(wider, {1}), {}), Error);
}
