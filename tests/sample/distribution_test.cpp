// Draws after the steps have the distribution that the steps' logits say: chi-squared of 10^5 draws, fixed seeds.
#include <doctest/doctest.h>

#include "chi_squared.hpp"
#include "support.hpp"
#include "weft/sample/parameters.hpp"
#include "weft/sample/steps.hpp"

using namespace weft;
using namespace weft::test;

namespace {

constexpr std::size_t draws = 100000;

void check_against(const std::vector<std::size_t>& counts, const std::vector<double>& probabilities) {
  const auto chi = chi_squared(counts, probabilities, static_cast<double>(draws));
  CHECK(chi.statistic < chi_squared_bound(std::max(chi.degrees, 1)));
}

/// Draws with a branch of its own each, after a chain that is applied once.
template <class Steps>
void check_draws(const Steps& steps, std::uint64_t seed, std::size_t vocab, Shape shape) {
  const std::vector<Token> history{1, 2, 3, 1, 2, 3, 1, 2};
  const std::vector<Token> ends{0};
  const auto logits = applied(steps, random_logits(seed, vocab, shape), {.history = history, .prompt_length = 2, .end_tokens = ends, .seed = seed});
  std::vector<std::size_t> counts(vocab, 0);
  Draw pick;
  for (std::uint64_t i = 0; i < draws; ++i)
    ++counts[static_cast<std::size_t>(pick(logits, {.history = history, .seed = seed, .branch = i}).token)];
  CAPTURE(seed);
  check_against(counts, plain_softmax(logits));
}

}  // namespace

TEST_CASE("draws have the distribution of each step that cuts or bends") {
  check_draws(temperature(1.7f), 1, 300, Shape::peaked);
  check_draws(top_k(20), 2, 300, Shape::smooth);
  check_draws(top_p(0.8f), 3, 300, Shape::tied);
  check_draws(min_p(0.1f), 4, 100, Shape::smooth);
  check_draws(xtc(1, 0.05f), 5, 12, Shape::smooth);
  check_draws(exponential_decay_length(2, 1.2), 6, 50, Shape::smooth);
  check_draws(typical_p(0.8f), 21, 300, Shape::smooth);
  check_draws(epsilon_cutoff(0.005f), 22, 200, Shape::tied);
  check_draws(eta_cutoff(0.01f), 23, 200, Shape::smooth);
  check_draws(top_h(0.6f), 24, 300, Shape::smooth);
  check_draws(top_n_sigma(1.5f), 25, 300, Shape::smooth);
  check_draws(dynamic_temperature(1, 0.8f, 0.7f), 26, 200, Shape::peaked);
  check_draws(mirostat(3), 27, 300, Shape::smooth);
  check_draws(mirostat_v2(2), 28, 300, Shape::smooth);
  check_draws(typical_p(0.9f) | adaptive_p(0.2f), 29, 100, Shape::tied);
  check_draws(adaptive_p(0.1f), 35, 60, Shape::smooth);
}

TEST_CASE("draws have the distribution of each step on tokens") {
  check_draws(repetition_penalty(1.3f), 41, 20, Shape::smooth);
  check_draws(frequency_penalty(0.7f), 42, 20, Shape::smooth);
  check_draws(presence_penalty(0.7f), 43, 20, Shape::tied);
  check_draws(encoder_repetition_penalty(1.5f, {1, 4, 9}), 44, 20, Shape::smooth);
  check_draws(no_repeat_ngram(2), 45, 20, Shape::smooth);
  check_draws(encoder_no_repeat_ngram(2, {5, 2, 7, 2, 9}), 46, 20, Shape::tied);
  check_draws(dry({.multiplier = 1, .allowed_length = 1}), 47, 20, Shape::tied);
  check_draws(bias({{3, 1.5f}, {4, -inf}}), 48, 20, Shape::smooth);
  check_draws(sequence_bias({{{1, 2, 3}, 2.0f}, {{2, 4}, -2.0f}}), 49, 20, Shape::tied);
  check_draws(bad_words({{2, 5}, {6}}), 50, 20, Shape::tied);
  check_draws(suppress_tokens({1, 2}), 51, 20, Shape::smooth);
  check_draws(begin_suppress_tokens({1, 2}), 52, 20, Shape::smooth);
  check_draws(forced_bos_token(4), 53, 20, Shape::smooth);
  check_draws(forced_eos_token(9), 54, 20, Shape::smooth);
  check_draws(min_length(20), 55, 20, Shape::smooth);
  check_draws(min_new_tokens(20), 56, 20, Shape::smooth);
  check_draws(prefix_allowed_tokens([](std::span<const Token>) { return std::vector<Token>{3, 7, 8}; }), 57, 20, Shape::smooth);
  check_draws(thinking_budget({.budget = 3, .open = {{3}}, .close = {{7}}}), 58, 20, Shape::smooth);
  SynthIdOptions synthid;
  synthid.keys = {3, 5, -8, 13};
  check_draws(watermark_synthid(synthid), 59, 60, Shape::smooth);
  check_draws(watermark_kgw(), 60, 60, Shape::smooth);
}

TEST_CASE("draws have the distribution of chains, composed and by parameters") {
  check_draws(repetition_penalty(1.1f) | frequency_penalty(0.1f) | top_k(40) | top_p(0.95f) | min_p(0.05f) | temperature(0.8f), 71, 300, Shape::smooth);
  SamplingParameters p;
  p.repetition_penalty = 1.2f;
  p.dry.multiplier = 0.5f;
  p.temperature = 1.2f;
  p.dynamic_temperature_range = 0.4f;
  p.top_h = 0.9f;
  p.typical_p = 0.95f;
  check_draws(steps_from(p), 72, 300, Shape::tied);
  check_draws(frequency_penalty(0.7f) | presence_penalty(0.4f) | dry() | temperature(1.3f), 30, 20, Shape::smooth);
  check_draws(watermark_kgw() | temperature(1.5f), 31, 100, Shape::tied);
}

TEST_CASE("XTC's coin is independent of the draw: together they are the mixture of both distributions") {
  const auto logits = random_logits(5, 12, Shape::smooth);
  const auto with = plain_softmax(applied(xtc(1, 0.05f), logits)), without = plain_softmax(logits);
  std::vector<double> mixture;
  for (std::size_t i = 0; i < logits.size(); ++i) mixture.push_back(0.4 * with[i] + 0.6 * without[i]);
  std::vector<std::size_t> counts(logits.size(), 0);
  auto step = xtc(0.4f, 0.05f);
  Draw pick;
  for (std::uint64_t i = 0; i < draws; ++i) {
    auto changed = logits;
    const StepContext context{.seed = 9, .branch = i};
    apply(step, std::span<float>(changed), context);
    ++counts[static_cast<std::size_t>(pick(changed, context).token)];
  }
  check_against(counts, mixture);
}
