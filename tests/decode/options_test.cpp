#include "weft/decode/options.hpp"

#include <doctest/doctest.h>

#include "decode/toy_start.hpp"
#include "support/errors.hpp"
#include "weft/decode/generate.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("a generation without options has 256 tokens at most, ends at the model's end tokens alone, and reports no alternatives") {
  auto model = numbered_toy(16);
  model.ends.clear();
  const auto longest = generate(model, start, draw()).front();
  CHECK(longest.tokens.size() == 256);
  CHECK(longest.stop == StopReason::max_tokens);
  CHECK(longest.top_n == 0);
  CHECK(longest.tokens == generate(model, start, draw(), {.seed = 0, .branch = 0}).front().tokens);
  model.ends = {longest.tokens[100]};
  const auto ended = generate(model, start, draw()).front();
  CHECK(ended.stop == StopReason::end_token);
  CHECK(ended.tokens.back() == model.ends[0]);
}

TEST_CASE("numbers that cannot be meant are refused with what they were and what is expected") {
  CHECK(test::message_of([] { detail::check(Options{}); }).empty());
  CHECK(test::message_of([] { detail::check(Options{.max_tokens = 0}); }).empty());
  CHECK(contains(test::message_of([] { detail::check(Options{.max_tokens = -3}); }), "max_tokens is -3: expected 0 or more"));
  CHECK(contains(test::message_of([] { detail::check(Options{.logprobs = -1}); }), "logprobs is -1: expected 0 or more"));
  for (const std::int64_t count : {std::int64_t{1}, most_branches}) CHECK(test::message_of([&] { detail::check_branches(count, "width"); }).empty());
  CHECK(contains(test::message_of([] { detail::check_branches(0, "beam width"); }), "beam width 0: expected 1 to 65536"));
  CHECK(contains(test::message_of([] { detail::check_branches(most_branches + 1, "beam width"); }), "beam width 65537"));
}
