#include "weft/sample/parameters.hpp"
#include "weft/sample/steps.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("the chain from parameters gives the bits of the same chain composed at compile time") {
  const std::vector<Token> history{3, 9, 3, 9, 11, 3}, ends{0};
  StepContext context;
  context.history = history;
  context.prompt_length = 4;
  context.end_tokens = ends;
  context.seed = 5;
  auto composed = bias({{7, 1.5f}}) | repetition_penalty(1.3f) | no_repeat_ngram(2) | min_new_tokens(4) | temperature(0.7f) |
                  top_k(50) | top_p(0.9f) | min_p(0.02f) | draw();
  auto assembled = chain_from({.bias = {{7, 1.5f}}, .repetition_penalty = 1.3f, .no_repeat_ngram = 2, .min_new_tokens = 4,
                               .temperature = 0.7f, .top_k = 50, .top_p = 0.9f, .min_p = 0.02f});
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    auto a = random_logits(seed, 200, Shape::smooth), b = a;
    composed.process(a, context);
    assembled.process(b, context);
    REQUIRE(a == b);
    REQUIRE(composed.choose(a, context).token == assembled.choose(b, context).token);
  }
}

TEST_CASE("every step that the parameters have stands in the chain, in the stated order") {
  const std::vector<Token> history{3, 9, 3, 9, 11, 3, 9}, ends{0};
  const StepContext context{.history = history, .prompt_length = 2, .end_tokens = ends, .seed = 5};
  SamplingParameters p;
  const auto check = [&](auto step) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      const auto logits = random_logits(seed, 200, Shape::smooth);
      const auto assembled = applied(steps_from(p), logits, context);
      REQUIRE(assembled == applied(step, logits, context));
      REQUIRE(assembled != logits);
    }
    p = {};
  };
  const std::vector<Token> source{1, 2, 9, 5};
  p.sequence_bias = {{{9, 5}, 2}};
  check(sequence_bias({{{9, 5}, 2}}));
  p.encoder_tokens = source;
  p.encoder_repetition_penalty = 1.4f;
  p.encoder_no_repeat_ngram = 2;
  check(encoder_repetition_penalty(1.4f, source) | encoder_no_repeat_ngram(2, source));
  p.frequency_penalty = 0.5f;
  p.presence_penalty = 0.25f;
  check(frequency_penalty(0.5f) | presence_penalty(0.25f));
  p.dry.multiplier = 0.7f;
  check(dry({.multiplier = 0.7f}));
  p.bad_words = {{9, 4}};
  check(bad_words({{9, 4}}));
  p.min_length = 10;
  check(min_length(10));
  p.forced_eos_length = 8;
  check(forced_eos_token(8));
  p.decay_start = 1;
  p.decay_factor = 1.5;
  check(exponential_decay_length(1, 1.5));
  p.suppress_tokens = {7, 8};
  check(suppress_tokens({7, 8}));
  p.temperature = 0.9f;
  p.dynamic_temperature_range = 0.5f;
  check(dynamic_temperature(0.9f, 0.5f));
  p.top_n_sigma = 1;
  p.top_h = 0.9f;
  check(top_n_sigma(1) | top_h(0.9f));
  p.typical_p = 0.9f;
  p.epsilon_cutoff = 0.001f;
  p.eta_cutoff = 0.01f;
  check(typical_p(0.9f) | epsilon_cutoff(0.001f) | eta_cutoff(0.01f));
  p.xtc_probability = 1;
  p.xtc_threshold = 0.01f;
  check(xtc(1, 0.01f));
  p.mirostat = 1;
  p.mirostat_tau = 2;
  check(mirostat(2));
  p.mirostat = 2;
  p.mirostat_tau = 2;
  check(mirostat_v2(2));
  p.adaptive_p = 0.3f;
  check(adaptive_p(0.3f));
  p.watermark_kgw = KgwOptions{};
  check(watermark_kgw());
  SynthIdOptions synthid;
  synthid.keys = {1, 2};
  p.watermark_synthid = synthid;
  check(watermark_synthid(synthid));
}

TEST_CASE("steps that wait for the beginning or for an opening are set by parameters too") {
  const std::vector<Token> prompt{3, 1};
  const StepContext context{.history = prompt, .prompt_length = 2};
  SamplingParameters p;
  p.forced_bos_token = 2;
  CHECK(applied(steps_from(p), {1, 1, 1}, context) == std::vector<float>{-inf, -inf, 0});
  p = {};
  p.begin_suppress_tokens = {2};
  CHECK(applied(steps_from(p), {1, 1, 1}, context) == std::vector<float>{1, 1, -inf});
  p = {};
  ThinkingBudgetOptions thinking;
  thinking.open = {{1}};
  thinking.close = {{0}};
  thinking.open_in_prompt = true;
  p.thinking_budget = thinking;
  CHECK(applied(steps_from(p), {1, 1, 1}, context) == std::vector<float>{0, -inf, -inf});
  p = {};
  p.mirostat = 3;
  CHECK(kind_of_error([&] { (void)steps_from(p); }) == ErrorKind::argument);
}

TEST_CASE("the default parameters change nothing, and a temperature of 0 is greedy") {
  auto logits = random_logits(1, 100, Shape::smooth);
  const auto before = logits;
  auto plain = chain_from({});
  plain.process(logits, {});
  CHECK(logits == before);
  auto cold = chain_from({.temperature = 0});
  cold.process(logits, {});
  CHECK(logits == before);
  for (std::uint64_t seed = 0; seed < 20; ++seed) CHECK(cold.choose(logits, {.seed = seed}).token == argmax()(logits, {}).token);
}

TEST_CASE("values outside a step's range are refused when the chain is made") {
  CHECK(kind_of_error([] { (void)chain_from({.temperature = -1}); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)chain_from({.top_k = -1}); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)chain_from({.top_p = 0}); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)chain_from({.min_p = 2}); }) == ErrorKind::argument);
}
