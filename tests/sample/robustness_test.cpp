// 10^6 hostile calls over all steps: whatever the logits and the history, a step and the pick after it end in an error that is
// stated or in a token that the vocabulary has and no step excluded.
#include <doctest/doctest.h>

#include "support.hpp"
#include "weft/sample/parameters.hpp"
#include "weft/sample/steps.hpp"
#include "weft/sample/prefix_allowed_tokens.hpp"

using namespace weft;
using namespace weft::test;

namespace {

constexpr std::size_t cases_per_step = 24000;  // calls, times 45 steps

/// Small numbers that depend on a counter alone.
struct Numbers {
  std::uint64_t seed = 0, at = 0;
  std::size_t below(std::size_t n) {
    return static_cast<std::size_t>(uniform(seed, 77, at++) * static_cast<double>(n));
  }
};

/// One of the values that break arithmetic.
float hostile_value(Numbers& numbers) {
  constexpr float values[] = {inf, -inf, 3e38f, -3e38f, 1e-40f, -1e-40f, 0, 90, -90};
  const std::size_t i = numbers.below(10);
  return i == 9 ? std::numeric_limits<float>::quiet_NaN() : values[i];
}

void fill(std::vector<float>& logits, Numbers& numbers) {
  constexpr std::size_t sizes[] = {1, 2, 3, 4, 5, 17, 31};
  logits.resize(sizes[numbers.below(7)]);
  const std::size_t kind = numbers.below(6);
  for (float& x : logits) {
    const auto u = static_cast<float>(numbers.below(1000));
    if (kind == 0)
      x = 2;  // flat
    else if (kind == 1)
      x = -inf;  // all excluded
    else if (kind == 2)
      x = std::round(u / 250);  // ties
    else if (kind == 3 && u < 300)
      x = hostile_value(numbers);
    else if (kind == 4)
      x = u < 900 ? -inf : u / 40;  // few left
    else
      x = u / 50 - 10;
  }
}

struct Tally {
  std::size_t tokens = 0, errors = 0;
};

/// Three tokens in a row, so that steps with a memory have one.
template <class S>
void try_once(S step, std::vector<float>& logits, std::vector<float>& before, Numbers& numbers, Tally& tally) {
  std::vector<Token> history(numbers.below(12));
  for (auto& id : history) id = static_cast<Token>(numbers.below(6)) - (numbers.below(20) == 0 ? 3 : 0);
  const std::vector<Token> ends{0, 5};
  StepContext context;
  context.prompt_length = numbers.below(history.size() + 1);
  context.end_tokens = ends;
  context.seed = numbers.seed;
  Draw pick;
  fill(before, numbers);
  for (int round = 0; round < 3; ++round) {
    context.history = history;
    logits = before;
    try {
      apply(step, std::span<float>(logits), context);
      const Token token = round == 1 ? argmax()(logits, context).token : pick(logits, context).token;
      const bool valid = token >= 0 && static_cast<std::size_t>(token) < logits.size() &&
                         logits[static_cast<std::size_t>(token)] > -inf;
      if (!valid) FAIL_CHECK("token ", token, " of ", logits.size());
      ++tally.tokens;
      context.unchanged = history.size();
      history.push_back(token);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::argument) FAIL_CHECK(error.what());
      ++tally.errors;
      context.unchanged = 0;
    }
  }
}

template <class S>
void try_often(const char* name, const S& step) {
  static std::uint64_t seed = 0;
  CAPTURE(name);
  Tally tally;
  Numbers numbers;
  numbers.seed = ++seed;
  std::vector<float> logits, before;
  for (std::size_t i = 0; i < cases_per_step / 3; ++i) try_once(step, logits, before, numbers, tally);
  CHECK(tally.tokens > 1000);  // so that not all was refused
}

#define TRY(...) try_often(#__VA_ARGS__, __VA_ARGS__)

}  // namespace

TEST_CASE("no logits and no history make steps that truncate choose what is not there") {
  TRY(NoSteps{});
  TRY(temperature(0.3f));
  TRY(dynamic_temperature(1, 0.9f, 0.5f));
  TRY(dynamic_temperature(1, 1));
  TRY(top_k(2));
  TRY(top_p(0.7f));
  TRY(min_p(0.3f));
  TRY(typical_p(0.4f));
  TRY(typical_p(0.99f));
  TRY(epsilon_cutoff(0.2f));
  TRY(eta_cutoff(0.2f));
  TRY(top_h(0.5f));
  TRY(top_n_sigma(0.7f));
  TRY(xtc(0.8f, 0.1f));
  TRY(xtc(1, 0));
  TRY(mirostat(0.5f, 1));
  TRY(mirostat(3, 0.1f, 3));
  TRY(mirostat_v2(0.5f, 1));
  TRY(adaptive_p(0.3f));
  TRY(typical_p(0.8f) | top_h(0.8f) | adaptive_p(0.9f, 0));
}

TEST_CASE("no logits and no history make steps on tokens choose what is not there") {
  TRY(repetition_penalty(1.4f));
  TRY(repetition_penalty(1e-20f));
  TRY(frequency_penalty(0.5f));
  TRY(presence_penalty(-1e30f));
  TRY(encoder_repetition_penalty(1.5f, {0, 2, 2}));
  TRY(no_repeat_ngram(1));
  TRY(no_repeat_ngram(3));
  TRY(encoder_no_repeat_ngram(2, {0, 1, 2, 1, 1}));
  TRY(dry({.multiplier = 3, .base = 9, .allowed_length = 0, .breakers = {{1}, {2, 2}}}));
  TRY(dry({.range = 4}));
  TRY(bias({{0, 3e38f}, {0, -inf}}));
  TRY(sequence_bias({{{1, 0}, -inf}, {{0}, 3}}));
  TRY(bad_words({{1}, {0, 2}}));
  TRY(suppress_tokens({0}));
  TRY(begin_suppress_tokens({0}));
  TRY(forced_bos_token(2));
  TRY(forced_eos_token(7));
  TRY(min_length(9));
  TRY(min_new_tokens(2));
  TRY(exponential_decay_length(1, 1e10));
  TRY(prefix_allowed_tokens(
      [](std::span<const Token> h) { return std::vector<Token>(h.size() % 3, static_cast<Token>(h.size() % 4)); }));
  ThinkingBudgetOptions thinking;
  thinking.budget = 1;
  thinking.open = {{1}};
  thinking.close = {{2, 0}};
  TRY(thinking_budget(thinking));
}

TEST_CASE("no logits and no history make watermarks choose what is not there") {
  TRY(watermark_kgw());
  KgwOptions self;
  self.seeding_scheme = KgwOptions::Seeding::self_hash;
  self.context_width = 2;
  TRY(watermark_kgw(self));
  SynthIdOptions synthid;
  synthid.keys = {3, 5, -8};
  synthid.sampling_table_size = 99;
  TRY(watermark_synthid(synthid));
}
