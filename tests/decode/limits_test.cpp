#include <doctest/doctest.h>

#include <array>

#include "support/errors.hpp"
#include "support/toy_sequence.hpp"
#include "weft/decode/limits.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("the nearer of max_tokens and the end of the context ends a generation, and says which it was") {
  const auto of = [](std::size_t prompt, std::size_t context) { return detail::Limits({}, prompt, context, {.max_tokens = 10}); };
  CHECK(of(5, 100).new_tokens == 10);
  CHECK(of(5, 100).reason_at_limit() == StopReason::max_tokens);
  CHECK(of(90, 100).reason_at_limit() == StopReason::max_tokens);  // they end together
  CHECK(of(91, 100).new_tokens == 9);
  CHECK(of(91, 100).reason_at_limit() == StopReason::context_full);
  CHECK(of(100, 100).new_tokens == 0);
  CHECK(of(100, 100).reason_at_limit() == StopReason::context_full);
}

TEST_CASE("a token of the model's ends is told from one of the caller's, also where it is both, and ends are ignored on request alone") {
  constexpr std::array<Token, 2> ends{2, 3};
  Options options{.max_tokens = 1};
  options.stop_tokens = {3, 7};
  const detail::Limits both(ends, 1, 10, options);
  CHECK(both.reason_of(2) == StopReason::end_token);
  CHECK(both.reason_of(3) == StopReason::end_token);
  CHECK(both.reason_of(7) == StopReason::stop_token);
  CHECK(both.reason_of(1) == StopReason::running);
  options.ignore_end_tokens = true;
  const detail::Limits own(ends, 1, 10, options);
  CHECK(own.reason_of(2) == StopReason::running);
  CHECK(own.reason_of(3) == StopReason::stop_token);
}

TEST_CASE("prompts that are empty or longer than the context, and stop tokens outside the vocabulary, are refused by name") {
  CHECK(contains(message_of([] { detail::Limits({}, 0, 10, {}); }), "the prompt is empty"));
  CHECK(contains(message_of([] { detail::Limits({}, 11, 10, {}); }), "the prompt has 11 tokens and the context 10"));
  const auto model = numbered_toy(6);
  Options options;
  options.stop_tokens = {6};
  CHECK(contains(message_of([&] { detail::limits_of(ToySequence(model), 1, options); }), "stop_tokens names token 6"));
}
