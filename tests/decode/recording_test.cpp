#include "weft/decode/recording.hpp"

#include <doctest/doctest.h>

#include "support/toy_sequence.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("a prompt is appended whole, or in parts that a bar can follow, and both end alike") {
  const auto model = numbered_toy(16);
  std::vector<Token> prompt(600);
  for (std::size_t i = 0; i < prompt.size(); ++i) prompt[i] = static_cast<Token>(i % 15);
  ToySequence whole(model), parts(model);
  Stats stats;
  CHECK(detail::prefill(whole, std::span<const Token>(prompt), {}, stats));
  CHECK(model.passes == 1);
  CHECK(stats.prefilled_tokens == 600);
  Options options;
  std::vector<std::size_t> reports;
  options.on_prefill = [&](std::size_t done, std::size_t total) {
    CHECK(total == 600);
    reports.push_back(done);
  };
  CHECK(detail::prefill(parts, std::span<const Token>(prompt), options, stats));
  CHECK(reports == std::vector<std::size_t>{256, 512, 600});
  CHECK(std::equal(whole.logits().begin(), whole.logits().end(), parts.logits().begin()));
}

TEST_CASE("a prompt that is cancelled between two parts keeps those that are done, and says how many tokens they have") {
  const auto model = numbered_toy(16);
  const std::vector<Token> prompt(600, 3);
  ToySequence sequence(model);
  std::stop_source stop;
  Options options{.cancel = stop.get_token()};
  options.on_prefill = [&](std::size_t, std::size_t) { stop.request_stop(); };
  Stats stats;
  CHECK_FALSE(detail::prefill(sequence, std::span<const Token>(prompt), options, stats));
  CHECK(stats.prefilled_tokens == 256);
  CHECK(sequence.size() == 256);
}

TEST_CASE("cancellation ends work quietly; every other error passes") {
  std::stop_source stop;
  int calls = 0;
  CHECK(detail::unless_cancelled(stop.get_token(), [&] { ++calls; }));
  CHECK_FALSE(detail::unless_cancelled(stop.get_token(), [] { fail(ErrorKind::cancelled, "stopped half way"); }));
  CHECK_THROWS_WITH_AS(detail::unless_cancelled(stop.get_token(), [] { fail(ErrorKind::resource, "no room"); }), "no room", Error);
  stop.request_stop();
  CHECK_FALSE(detail::unless_cancelled(stop.get_token(), [&] { ++calls; }));
  CHECK(calls == 1);
}
