#include "weft/decode/generate.hpp"

#include <doctest/doctest.h>

#include <string>

#include "decode/toy_start.hpp"
#include "support/allocations.hpp"
#include "support/toy_sequence.hpp"
#include "weft/decode/beam.hpp"
#include "weft/sample/parameters.hpp"
#include "weft/sample/steps.hpp"

using namespace weft;
using namespace weft::test;

namespace {

template <class F>
std::string message_of(F&& f, ErrorKind kind) {
  try {
    f();
  } catch (const Error& error) {
    CHECK(error.kind() == kind);
    return error.what();
  }
  FAIL("no weft::Error was thrown");
  return {};
}
}  // namespace

TEST_CASE("a generation ends at any of the model's end tokens, which is in the tokens and not in the text") {
  auto model = numbered_toy(30);
  model.ends = {28, 29};
  model.script = {0, 0, 9, 8, 29};
  const auto result = generate(model, start, argmax()).front();
  CHECK(result.tokens == std::vector<Token>{9, 8, 29});
  CHECK(result.text == "<9><8>");
  CHECK(result.stop == StopReason::end_token);
  CHECK(result.stop_token == 29);
  const auto ignored = generate(model, start, argmax(), {.max_tokens = 5, .ignore_end_tokens = true}).front();
  CHECK(ignored.tokens.size() == 5);
  CHECK(ignored.stop == StopReason::max_tokens);
  const auto stopped = generate(model, start, argmax(), {.stop_tokens = {8}}).front();
  CHECK(stopped.tokens == std::vector<Token>{9, 8});
  CHECK(stopped.text == "<9>");
  CHECK(stopped.stop == StopReason::stop_token);
}

TEST_CASE("log-probs are reported raw and processed, with alternatives of both, and the score is the raw sum") {
  auto model = numbered_toy(30);
  ToySequence check(model);
  check.append(start);
  const auto result = generate(model, start, temperature(0.5f) | top_k(2) | draw(), {.max_tokens = 6, .ignore_end_tokens = true, .logprobs = 3}).front();
  REQUIRE(result.logprobs.size() == 6);
  REQUIRE(result.top.size() == 18);
  double sum = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    const std::vector<float> logits(check.logits().begin(), check.logits().end());
    auto raw = logits;
    log_softmax(raw);
    const auto id = static_cast<std::size_t>(result.tokens[i]);
    CHECK(result.raw_logprobs[i] == doctest::Approx(raw[id]));
    sum += static_cast<double>(result.raw_logprobs[i]);
    const auto top_raw = result.top_raw_at(i), top = result.top_at(i);
    CHECK(top_raw[0].logprob == *std::max_element(raw.begin(), raw.end()));
    CHECK(top_raw[0].logprob >= top_raw[1].logprob);
    CHECK(top_raw[1].logprob >= top_raw[2].logprob);
    CHECK(std::exp(top[0].logprob) + std::exp(top[1].logprob) == doctest::Approx(1));
    CHECK(top[2].token == -1);  // only two survive the chain
    CHECK((result.tokens[i] == top[0].token || result.tokens[i] == top[1].token));
    CHECK(result.logprobs[i] == (result.tokens[i] == top[0].token ? top[0] : top[1]).logprob);
    check.append(std::span<const Token>(&result.tokens[i], 1));
  }
  CHECK(result.score == doctest::Approx(sum));
}

TEST_CASE("when the context is full the generation stops; a prompt that does not fit is an error that says what to do") {
  auto model = numbered_toy(30);
  model.context = 8;
  const auto result = generate(model, start, argmax(), {.max_tokens = 100, .ignore_end_tokens = true}).front();
  CHECK(result.tokens.size() == 5);
  CHECK(result.stop == StopReason::context_full);
  CHECK(generate(model, start, argmax(), {.max_tokens = 5, .ignore_end_tokens = true}).front().stop == StopReason::max_tokens);
  CHECK(generate(model, std::vector<Token>(8, 1), argmax()).front().stop == StopReason::context_full);
  const auto message = message_of([&] { (void)generate(model, std::vector<Token>(9, 1), argmax()); }, ErrorKind::resource);
  CHECK(message.find("9 tokens") != std::string::npos);
  CHECK(message.find("shorten") != std::string::npos);
  const auto beams = generate(model, start, beam({.width = 2}), {.max_tokens = 100, .ignore_end_tokens = true});
  CHECK(beams.front().stop == StopReason::context_full);
  CHECK(beams.front().tokens.size() == 5);
}

TEST_CASE("empty prompts, negative limits and stop strings without a tokenizer are refused") {
  auto model = numbered_toy(30);
  message_of([&] { (void)generate(model, std::vector<Token>(), argmax()); }, ErrorKind::argument);
  message_of([&] { (void)generate(model, start, argmax(), {.max_tokens = -1}); }, ErrorKind::argument);
  message_of([&] { (void)generate(model, start, argmax(), {.logprobs = -1}); }, ErrorKind::argument);
  for (const Token t : {-1, 30}) message_of([&] { (void)generate(model, start, argmax(), {.stop_tokens = {t}}); }, ErrorKind::argument);
  for (const std::int64_t n : {std::int64_t{0}, most_branches + 1, std::int64_t{1} << 40}) message_of([&] { (void)generate(model, start, beam({.width = n})); }, ErrorKind::argument);
  model.tokenizes = false;
  CHECK(generate(model, start, argmax(), {.max_tokens = 3}).front().text.empty());
  message_of([&] { (void)generate(model, start, argmax(), {.stop = {"x"}}); }, ErrorKind::unsupported);
  message_of([&] { (void)generate(model, "<1>", argmax()); }, ErrorKind::unsupported);
}

TEST_CASE("no tokens asked for, none given") {
  const auto model = numbered_toy(30);
  const auto result = generate(model, start, draw(), {.max_tokens = 0}).front();
  CHECK(result.tokens.empty());
  CHECK(result.stop == StopReason::max_tokens);
  CHECK(generate(model, start, beam(), {.max_tokens = 0}).front().tokens.empty());
}

TEST_CASE("prefill reports its progress in parts and changes nothing by it") {
  const auto model = numbered_toy(30);
  const std::vector<Token> prompt(1000, 4);
  std::vector<std::size_t> seen;
  const auto result = generate(model, prompt, argmax(), {.max_tokens = 4, .on_prefill = [&](std::size_t done, std::size_t total) {
                                 CHECK(total == 1000);
                                 seen.push_back(done);
                               }}).front();
  CHECK(seen == std::vector<std::size_t>{256, 512, 768, 1000});
  CHECK(result.tokens == generate(model, prompt, argmax(), {.max_tokens = 4}).front().tokens);
  CHECK(result.stats.prompt_tokens == 1000);
  CHECK(result.stats.prefilled_tokens == 1000);
}

TEST_CASE("pieces are reported as they come") {
  const auto model = numbered_toy(30);
  std::string text;
  const auto result = generate(model, start, argmax(), {.max_tokens = 9, .on_piece = [&](const Piece& p) { text += p.text; }}).front();
  CHECK(text == result.text);
}

TEST_CASE("run extends a sequence by the result's tokens, a fork leaves it alone") {
  const auto model = numbered_toy(30);
  ToySequence sequence(model);
  sequence.append(start);
  const auto forked = run(sequence.fork(), greedy(), {.max_tokens = 5, .ignore_end_tokens = true});
  CHECK(sequence.size() == 3);
  CHECK(generate(sequence, beam(), {.max_tokens = 5}).size() == 1);
  CHECK(sequence.size() == 3);
  const auto direct = run(sequence, greedy(), {.max_tokens = 5, .ignore_end_tokens = true});
  CHECK(direct.tokens == forked.tokens);
  CHECK(std::equal(direct.tokens.begin(), direct.tokens.end(), sequence.tokens().begin() + 3, sequence.tokens().end()));
  const auto beams = run(sequence, beam({.width = 3}), {.max_tokens = 5});
  CHECK(sequence.size() == 8 + beams.tokens.size());
  CHECK(sequence.tokens().back() == beams.tokens.back());
}

TEST_CASE("any callable is a step, told the history; the seed decides, and branches differ") {
  const auto model = numbered_toy(30);
  std::size_t longest = 0;
  auto note = [&](std::span<float> logits, std::span<const Token> history) {
    longest = std::max(longest, history.size());
    logits[5] = -HUGE_VALF;
  };
  const Options options{.max_tokens = 40, .ignore_end_tokens = true, .seed = 1};
  const auto a = generate(model, start, note | draw(), options).front();
  CHECK(longest == 3 + 39);
  CHECK(std::count(a.tokens.begin(), a.tokens.end(), 5) == 0);
  CHECK(a.tokens == generate(model, start, note | draw(), options).front().tokens);
  CHECK(a.tokens != generate(model, start, note | draw(), {.max_tokens = 40, .ignore_end_tokens = true, .seed = 2}).front().tokens);
  CHECK(a.tokens != generate(model, start, note | draw(), {.max_tokens = 40, .ignore_end_tokens = true, .seed = 1, .branch = 1}).front().tokens);
}

#if !WEFT_TEST_SANITIZED
TEST_CASE("between token 64 and token 192 nothing is allocated, whatever the chain") {
  auto model = numbered_toy(500);
  auto story = stream(model, start,
                      repetition_penalty(1.1f) | no_repeat_ngram(5) | min_new_tokens(3) | temperature(0.8f) | top_k(40) | top_p(0.95f) | min_p(0.01f) | draw(),
                      {.max_tokens = 200, .stop = {"<7><8><9>"}, .ignore_end_tokens = true, .logprobs = 5});
  std::size_t n = 0, before = 0, after = 0;
  for ([[maybe_unused]] const Piece& piece : story) {
    if (++n == 64) before = weft::test::allocations;
    if (n == 192) after = weft::test::allocations;
  }
  CHECK(n == 200);
  CHECK(after == before);
}
#endif
