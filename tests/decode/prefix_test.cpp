#include "weft/decode/prefix.hpp"

#include <doctest/doctest.h>

#include "decode/toy_start.hpp"
#include "support/toy_sequence.hpp"
#include "weft/decode/beam.hpp"
#include "weft/decode/generate.hpp"

using namespace weft;
using namespace weft::test;

namespace {
const std::vector<Token> prefix{9, 4, 4, 7};
const Options nine_tokens{.max_tokens = 9, .ignore_end_tokens = true, .seed = 2};
}  // namespace

TEST_CASE("every strategy begins with the prefix and goes on as if it had been in the prompt") {
  const auto model = numbered_toy(20);
  auto longer = start;
  longer.insert(longer.end(), prefix.begin(), prefix.end());
  const auto check = [&](const auto& how, const auto& forced) {
    const auto rest = generate(model, longer, how, {.max_tokens = 5, .ignore_end_tokens = true, .seed = 2}).front();
    const auto whole = generate(model, start, forced, nine_tokens).front();
    auto expected = prefix;
    expected.insert(expected.end(), rest.tokens.begin(), rest.tokens.end());
    CHECK(whole.tokens == expected);
    // the model's own opinion of the prefix is reported
    ToySequence s(model);
    s.append(start);
    for (std::size_t i = 0; i < prefix.size(); ++i) {
      CHECK(whole.raw_logprobs[i] == normaliser(s.logits()).of(s.logits()[static_cast<std::size_t>(prefix[i])]));
      s.append(std::span(prefix).subspan(i, 1));
    }
  };
  check(greedy(), follow_prefix(prefix) | greedy());
  check(draw(), follow_prefix(prefix) | draw());
  check(beam({.width = 3}), follow_prefix(prefix) | beam({.width = 3}));
}

TEST_CASE("a prefix with beta below one mixes its token in while the text follows it, and leaves other texts alone") {
  auto step = follow_prefix({2, 3}, 0.25f);
  const std::vector<float> logits{0.5f, 1.5f, -1.0f, 0.25f};
  auto p = logits;
  log_softmax(p);
  const std::vector<Token> prompt{0}, on{0, 2}, off{0, 1};
  auto mixed = logits;
  step(mixed, StepContext{.history = on, .prompt_length = 1});
  for (std::size_t i = 0; i < 4; ++i) CHECK(std::exp(mixed[i]) == doctest::Approx(0.75f * std::exp(p[i]) + (i == 3 ? 0.25f : 0)));
  auto free = logits;
  step(free, StepContext{.history = off, .prompt_length = 1});
  CHECK(free == logits);
  CHECK_THROWS_AS(follow_prefix({1}, 0), Error);
  auto wrong = follow_prefix({4});
  CHECK_THROWS_AS(wrong(free, StepContext{.history = prompt, .prompt_length = 1}), Error);
}
