// The state of a generation as bytes: all of it comes back, and what contradicts itself or its sequence is refused.
#include "weft/decode/saved_generation.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "support/errors.hpp"
#include "support/same_result.hpp"

using namespace weft;
using namespace weft::test;

namespace {

using detail::SavedGeneration;

constexpr std::size_t saved_context = 100;
constexpr std::int64_t saved_vocab = 10;

/// Two tokens after a prompt of three, of which the second waits to be appended.
SavedGeneration in_the_middle() {
  SavedGeneration g;
  g.options = {.max_tokens = 9, .stop = {"x", ""}, .stop_tokens = {3, 7}, .ignore_end_tokens = true, .seed = 5, .branch = 6, .logprobs = 1};
  g.prompt_length = 3;
  g.result.tokens = {4, 5};
  g.result.logprobs = {-0.5f, -0.25f};
  g.result.raw_logprobs = {-1.5f, -1.25f};
  g.result.top = {{4, -0.5f}, {2, -0.125f}};
  g.result.top_raw = {{1, -0.75f}, {0, -2.0f}};
  g.result.stats = {3, 2, 2, 1, 8, 4, 0.5, 0.25, 0.125, 16, 32};
  g.begun = g.pending = true;
  g.unchanged = 4;
  g.sampler = {std::byte{1}, std::byte{0}, std::byte{255}};
  return g;
}
const std::vector<Token> saved_text{1, 2, 3, 4};

std::vector<std::byte> bytes_of(const SavedGeneration& g) {
  StateWriter out;
  save_generation(g, out);
  return {out.bytes().begin(), out.bytes().end()};
}
SavedGeneration reloaded(const SavedGeneration& g, const std::vector<Token>& tokens = saved_text) {
  return detail::load_generation(bytes_of(g), "some.file", tokens, saved_context, saved_vocab);
}
/// With what it is refused after a change; "" if it is not.
std::string refusal_of(const std::function<void(SavedGeneration&)>& change, const std::vector<Token>& tokens = saved_text) {
  auto g = in_the_middle();
  change(g);
  const auto message = test::message_of([&] { (void)reloaded(g, tokens); });
  CHECK((message.empty() || message.starts_with("some.file: ")));
  return message;
}

}  // namespace

TEST_CASE("options, what was generated, statistics and the state of the chain come back") {
  const auto saved = in_the_middle(), found = reloaded(saved);
  CHECK(found.source == "some.file");
  CHECK(found.options.max_tokens == 9);
  CHECK(found.options.stop == saved.options.stop);
  CHECK(found.options.stop_tokens == saved.options.stop_tokens);
  CHECK(found.options.ignore_end_tokens);
  CHECK(found.options.seed == 5);
  CHECK(found.options.branch == 6);
  CHECK(found.options.logprobs == 1);
  CHECK(found.prompt_length == 3);
  CHECK(found.prompt.empty());
  check_same(found.result, saved.result);
  const auto& stats = found.result.stats;
  CHECK(stats.prefilled_tokens == 2);
  CHECK(stats.passes == 1);
  CHECK(stats.drafted_tokens == 8);
  CHECK(stats.accepted_tokens == 4);
  CHECK(stats.prefill_seconds == 0.5);
  CHECK(stats.decode_seconds == 0.25);
  CHECK(stats.time_to_first_token == 0.125);
  CHECK(stats.prefill_tps == 16);
  CHECK(stats.decode_tps == 32);
  CHECK(found.begun);
  CHECK(found.pending);
  CHECK(found.unchanged == 4);
  CHECK(found.sampler == saved.sampler);
}

TEST_CASE("tokens outside the vocabulary, ends that there are none of and limits below nothing are refused") {
  CHECK(refusal_of([](auto&) {}).empty());
  CHECK(contains(refusal_of([](auto& g) { g.result.tokens[1] = 10; }), "token 10 is outside the vocabulary of 10"));
  CHECK(contains(refusal_of([](auto& g) { g.result.tokens[0] = -1; }), "token -1 is outside"));
  CHECK(contains(refusal_of([](auto& g) { g.prompt = {11}; }), "token 11 is outside"));
  CHECK(contains(refusal_of([](auto& g) { g.result.stop = static_cast<StopReason>(7); }), "the reason of its end is 7"));
  CHECK(contains(refusal_of([](auto& g) { g.options.max_tokens = -1; }), "max_tokens is -1"));
  CHECK(contains(refusal_of([](auto& g) { g.options.logprobs = -2; }), "logprobs -2"));
}

TEST_CASE("what cannot have come of one generation is refused") {
  CHECK(contains(refusal_of([](auto& g) { g.unchanged = 5; }), "its chain has seen 5 tokens of 4"));
  CHECK(contains(refusal_of([](auto& g) { g.prompt_length = 101; }), "its prompt has 101 tokens in a context of 100"));
  CHECK(contains(refusal_of([](auto& g) { g.prompt_length = 0; }), "contradict each other"));
  CHECK(contains(refusal_of([](auto& g) { g.begun = false; }), "contradict each other"));
  CHECK(contains(refusal_of([](auto& g) { g.result = {}; }), "contradict each other"));
  for (const auto& other : {std::vector<Token>{1, 2, 3, 6}, {1, 2, 3, 4, 5}, {2, 3, 4, 4, 4}})
    CHECK(contains(refusal_of([](auto&) {}, other), "its sequence is not that of its stream"));
  CHECK(contains(refusal_of([](auto& g) { g.unchanged = 0; }, {}), "its sequence is not that of its stream"));
  CHECK(contains(refusal_of([](auto& g) { g.prompt = {3}; }), "its sequence is not that of its stream"));
  CHECK(refusal_of([](auto& g) { g.pending = false; }, {1, 2, 3, 4, 5}).empty());
}

TEST_CASE("before its first token a generation is its prompt, the part that was run and the rest") {
  const auto not_begun = [](SavedGeneration& g) {
    g.result = {}, g.begun = g.pending = false, g.unchanged = 0;
    g.prompt = {2, 3};
  };
  CHECK(refusal_of(not_begun, {1}).empty());
  for (const auto& other : {std::vector<Token>{}, {1, 1}}) CHECK(contains(refusal_of(not_begun, other), "its prompt is not as long as it says"));
}

TEST_CASE("one that was cancelled may stand inside its prompt") {
  const auto cancelled = [](SavedGeneration& g) {
    g.result = {}, g.pending = false, g.unchanged = 0;
    g.result.stop = StopReason::cancelled;
  };
  CHECK(refusal_of(cancelled, {1}).empty());
  CHECK(refusal_of(cancelled, {}).empty());
}

TEST_CASE("bytes of something else say that they hold no stream, and none may be missing or too many") {
  const auto whole = bytes_of(in_the_middle());
  const auto message = [](const std::vector<std::byte>& bytes) {
    return test::message_of([&] { (void)detail::load_generation(bytes, "some.file", saved_text, saved_context, saved_vocab); });
  };
  CHECK(message(whole).empty());
  auto other = whole;
  other[0] ^= std::byte{1};
  CHECK(contains(message(other), "some.file: holds a sequence and no stream"));
  CHECK(contains(message({}), "some.file: holds a sequence and no stream"));
  auto longer = whole;
  longer.push_back({});
  CHECK(contains(message(longer), "1 bytes too many"));
  for (std::size_t size = 0; size < whole.size(); ++size)
    CHECK(contains(message({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}), "some.file"));
}
