#include "weft/sample/watermark_synthid.hpp"

#include <doctest/doctest.h>

#include "chi_squared.hpp"
#include "support.hpp"
#include "weft/sample/pick.hpp"

using namespace weft;
using namespace weft::test;

namespace {

SynthIdOptions with_keys(std::size_t depth) {
  SynthIdOptions options;
  for (std::size_t i = 0; i < depth; ++i) options.keys.push_back(static_cast<std::int64_t>(1000 * i + 17));
  return options;
}

}  // namespace

TEST_CASE("texts written with the keys are found, those written without are not, beyond what the p-value says") {
  const auto options = with_keys(20);
  std::size_t below_5_percent = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const bool marks = seed < 5;
    auto step = watermark_synthid(options);
    std::vector<Token> text;
    while (text.size() < 60) {
      auto logits = random_logits(seed * 1000 + text.size(), 60, Shape::tied);
      const StepContext context{.history = text, .unchanged = text.empty() ? 0 : text.size() - 1, .seed = seed};
      if (marks) apply(step, std::span<float>(logits), context);
      text.push_back(Draw{}(logits, context).token);
    }
    const auto evidence = detect_watermark_synthid(text, options);
    if (marks)
      CHECK(evidence.p_value < 1e-6);
    else
      below_5_percent += evidence.p_value <= 0.05;
  }
  CHECK(below_5_percent < 20 + 18);
  CHECK(below_5_percent > 3);
}

TEST_CASE("over all contexts the tournament leaves the distribution as it is: chi-squared of 10^5 draws") {
  const auto logits = random_logits(3, 20, Shape::smooth);
  std::vector<std::size_t> counts(logits.size(), 0);
  auto step = watermark_synthid(with_keys(4));
  for (std::uint64_t i = 0; i < 100000; ++i) {
    // a context of its own for each draw, always of a new text
    const std::vector<Token> text{static_cast<Token>(i % 1000), static_cast<Token>(i / 1000), 3, static_cast<Token>(i)};
    auto marked = logits;
    apply(step, std::span<float>(marked), {.history = text});
    ++counts[static_cast<std::size_t>(Draw{}(marked, {.history = text, .seed = i}).token)];
  }
  const auto chi = chi_squared(counts, plain_softmax(logits), 1e5);
  CHECK(chi.statistic < chi_squared_bound(chi.degrees));
}

TEST_CASE("excluded tokens stay so, and options out of range are refused") {
  const auto marked = applied(watermark_synthid(with_keys(3)), {1, -inf, 2, 0.5f});
  CHECK(marked[1] == -inf);
  SynthIdOptions none, short_ngram = with_keys(2), no_table = with_keys(2);
  short_ngram.ngram_len = 1;
  no_table.sampling_table_size = 0;
  for (const auto* options : {&none, &short_ngram, &no_table})
    CHECK(kind_of_error([&] { (void)watermark_synthid(*options); }) == ErrorKind::argument);
}
