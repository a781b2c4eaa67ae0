// What drafts cost where passes have a price: never more than is stated, and less where they hold.
#include "weft/decode/draft_length.hpp"

#include <doctest/doctest.h>

#include "decode/oracle_drafter.hpp"
#include "decode/toy_start.hpp"
#include "support/sanitizer.hpp"
#include "support/toy_sequence.hpp"
#include "weft/decode/draft_model.hpp"
#include "weft/decode/generate.hpp"
#include "weft/decode/speculative.hpp"
#include "weft/decode/suffix_drafter.hpp"

using namespace weft;
using namespace weft::test;

namespace {

struct Price {
  double row = 0.1;    ///< each token of a pass beside the first, where that costs 1
  double draft = 0;    ///< each drafted token
  [[nodiscard]] SpeculativeOptions options(std::int64_t most = 16) const {
    return {.most = most, .pass_cost = [r = row](std::int64_t n) { return 1 + r * static_cast<double>(n - 1); },
            .draft_cost = [d = draft](std::int64_t n) { return d * static_cast<double>(n); }};
  }
};

/// A drafter that counts what it drafted, for all its copies.
template <class D>
struct Counted {
  D drafter;
  std::size_t* drafted;
  void operator()(std::span<const Token> history, std::size_t most, Draft& draft) {
    drafter(history, most, draft);
    *drafted += draft.size();
  }
};

/// What the tokens after the first cost, over what they cost one by one.
template <class D>
double relative_cost(const ToyModel& model, const D& drafter, const Price& price, std::int64_t tokens, std::int64_t most = 16) {
  model.widths = {};
  std::size_t drafted = 0;
  ToySequence sequence(model);
  sequence.append(start);
  model.widths = {};
  const auto result = generate(sequence, speculative(greedy(), Counted<D>{drafter, &drafted}, price.options(most)), {.max_tokens = tokens, .ignore_end_tokens = true}).front();
  double cost = price.draft * static_cast<double>(drafted);
  for (std::size_t n = 1; n < model.widths.size(); ++n) cost += static_cast<double>(model.widths[n]) * (1 + price.row * static_cast<double>(n - 1));
  return cost / static_cast<double>(tokens - 1);
}

OracleDrafter oracle(const ToyModel& model, std::int64_t tokens, double right, std::uint64_t seed) {
  OracleDrafter drafter{start, right, 20, 14 * seed};
  const auto result = generate(model, start, greedy(), {.max_tokens = tokens, .ignore_end_tokens = true}).front();
  drafter.text.insert(drafter.text.end(), result.tokens.begin(), result.tokens.end());
  return drafter;
}

}  // namespace

TEST_CASE("drafts never cost more than plain decoding, its loss_share and a part of one pass, however passes are priced and drafts fail") {
  const auto model = numbered_toy(20);
  for (std::uint64_t seed = 0; seed < 40; seed += WEFT_TEST_SANITIZED ? 7 : 1)
    for (const double row : {0.01, 0.1, 0.5, 1.0, 3.0})
      for (const double draft : {0.0, 0.05, 0.7})
        for (const std::int64_t tokens : {20, 150, 600}) {
          CAPTURE(seed);
          CAPTURE(row);
          CAPTURE(draft);
          CAPTURE(tokens);
          auto drafter = oracle(model, tokens, uniform(seed, 1, 1), seed);
          if (seed % 2) drafter.right_until = start.size() + seed * 5;  // what it learned is then wrong
          // what a draft costs is known once one was made
          const auto n = static_cast<double>(tokens - 1);
          const double bound = 1.01 + std::max(draft, std::min(1.0, 0.2 + 0.005 * n)) / n + 1e-9;
          REQUIRE(relative_cost(model, drafter, {row, draft}, tokens) <= bound);
        }
}

TEST_CASE("drafts that hold make decoding as cheap as they can") {
  const auto model = numbered_toy(20);
  const auto sure = [&](std::int64_t tokens, double right) {
    auto drafter = oracle(model, tokens, right, 1);
    drafter.trust = 16;
    return drafter;
  };
  // 17 tokens for the price of a pass over 17: 2.6 / 17 a token, after a start that finds out
  CHECK(relative_cost(model, sure(400, 1), {0.1, 0}, 400) < 1.1 * 2.6 / 17);
  CHECK(relative_cost(model, sure(400, 1), {1.0, 0}, 400) == doctest::Approx(1));  // width is not free: nothing to gain
  // nine of ten hold: the best length is 9, for 6.5 tokens at 1.9
  CHECK(relative_cost(model, sure(2000, 0.9), {0.1, 0}, 2000) < 1.15 * 1.9 / 6.5);
  // drafts at a price: 5 tokens for 1 + 4 * (0.1 + 0.1)
  CHECK(relative_cost(model, sure(400, 1), {0.1, 0.1}, 400, 4) < 1.1 * 1.8 / 5);
}

TEST_CASE("drafting comes back when drafts begin to hold again") {
  const auto model = numbered_toy(20);
  for (const double draft : {0.0, 0.2}) {
    auto drafter = oracle(model, 1200, 1, 1);
    const auto late = [drafter](std::span<const Token> history, std::size_t most, Draft& guess) mutable {
      drafter.right = history.size() < 600 ? 0 : 1;
      drafter(history, most, guess);
    };
    CHECK(relative_cost(model, late, {0.1, draft}, 1200) < 0.85);
  }
}

TEST_CASE("what nobody said is not drafted at all: random text costs what it costs") {
  auto model = numbered_toy(20);
  model.order = 8;
  CHECK(relative_cost(model, suffix_drafter(), {0.1, 0}, 500) < 1.01);
}
