// A sequence that looks ahead is the sequence that does not: whatever is done to it, and whatever is drafted.
#include "weft/decode/foreseeing.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "decode/oracle_drafter.hpp"
#include "support/toy_sequence.hpp"
#include "weft/decode/draft_model.hpp"
#include "weft/decode/suffix_drafter.hpp"

using namespace weft;
using namespace weft::test;

namespace {

using Seeing = detail::Foreseeing<ToySequence, AnyDrafter>;

static_assert(DecodableSequence<Seeing>);

/// A sequence that looks ahead, and one that does not, of the same text.
struct Twins {
  Seeing seeing;
  ToySequence plain;
};

void check_twins(const Twins& twins) {
  REQUIRE(twins.seeing.size() == twins.plain.size());
  const auto a = twins.seeing.tokens(), b = twins.plain.tokens();
  REQUIRE(std::equal(a.begin(), a.end(), b.begin(), b.end()));
  const auto seen = twins.seeing.logits(), logits = twins.plain.logits();
  REQUIRE(std::equal(seen.begin(), seen.end(), logits.begin(), logits.end()));
}

Token likeliest(std::span<const float> logits) { return static_cast<Token>(std::max_element(logits.begin(), logits.end()) - logits.begin()); }

Twins twins_of(const ToyModel& model, AnyDrafter drafter) {
  Twins twins{Seeing(ToySequence(model), std::move(drafter), eager(), 1000), ToySequence(model)};
  const std::vector<Token> prompt{1, 2, 3};
  twins.seeing.append(prompt);
  twins.plain.append(prompt);
  return twins;
}

}  // namespace

TEST_CASE("sequences that look ahead, extended together or alone, forked and rewound, are those that do not") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    auto model = numbered_toy(9);
    model.order = 1 + seed % 3;
    const AnyDrafter drafters[] = {draft_model(ToySequence(model), {.branches = 3}), suffix_drafter({.branches = 2}), OracleTree{{{}, 0, 9, seed}}};
    std::vector<Twins> all;
    all.push_back(twins_of(model, drafters[seed % 3]));
    std::uint64_t draws = 0;
    const auto below = [&](std::size_t n) { return static_cast<std::size_t>(uniform(seed, 3, draws++) * static_cast<double>(n)); };
    for (int step = 0; step < 120; ++step) {
      Twins& one = all[below(all.size())];
      switch (below(8)) {
        case 0:
          if (all.size() < 5) all.push_back({one.seeing.fork(), one.plain.fork()});
          break;
        case 1:
          if (all.size() > 1) all.erase(all.begin() + static_cast<std::ptrdiff_t>(below(all.size())));
          break;
        case 2: {
          const std::size_t length = 1 + below(one.plain.size());
          one.seeing.rewind(length);
          one.plain.rewind(length);
          break;
        }
        case 3: {
          const std::vector<Token> several{static_cast<Token>(below(9)), static_cast<Token>(below(9))};
          one.seeing.append(several);
          one.plain.append(several);
          break;
        }
        default: {  // some of them, mostly by what is likely
          std::vector<Seeing*> pointers;
          std::vector<Token> tokens;
          for (auto& twins : all) {
            if (below(4) == 0) continue;
            pointers.push_back(&twins.seeing);
            tokens.push_back(below(5) == 0 ? static_cast<Token>(below(9)) : likeliest(twins.plain.logits()));
            twins.plain.append(std::span<const Token>(tokens).last(1));
          }
          append_each(std::span<Seeing* const>(pointers), std::span<const Token>(tokens), std::stop_token());
        }
      }
      for (const auto& twins : all) check_twins(twins);
    }
  }
}

TEST_CASE("a step that was foreseen needs no pass, and a fork that does as foreseen none either") {
  auto model = numbered_toy(9);
  model.spread = 200;  // it is sure
  Twins twins = twins_of(model, draft_model(ToySequence(model)));
  const auto sight = twins.seeing.sight();
  const auto go = [&](Seeing& seeing) {
    const Token next = likeliest(seeing.logits());
    seeing.append(std::span<const Token>(&next, 1));
  };
  go(twins.seeing);
  CHECK(sight->passes == 1);
  REQUIRE(sight->drafted == 6);
  Seeing fork = twins.seeing.fork();
  for (int i = 0; i < 6; ++i) go(twins.seeing);
  CHECK(sight->passes == 1);
  go(fork);
  CHECK(sight->passes == 1);
  CHECK(sight->accepted == 7);
  go(twins.seeing);
  CHECK(sight->passes == 2);
}

TEST_CASE("a step that is cancelled leaves every sequence as it was") {
  const auto model = numbered_toy(9);
  Twins twins = twins_of(model, draft_model(ToySequence(model)));
  std::stop_source stop;
  stop.request_stop();
  Seeing* const self = &twins.seeing;
  const Token token = 4;
  try {
    append_each(std::span<Seeing* const>(&self, 1), std::span<const Token>(&token, 1), stop.get_token());
    FAIL("not cancelled");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::cancelled);
  }
  check_twins(twins);
}
