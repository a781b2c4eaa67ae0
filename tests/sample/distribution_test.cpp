// Draws after the steps have the distribution that the steps' logits say: chi-squared of 10^5 draws, fixed seeds.
#include <doctest/doctest.h>

#include "chi_squared.hpp"
#include "support.hpp"
#include "weft/sample/adaptive_p.hpp"
#include "weft/sample/chain.hpp"
#include "weft/sample/dry.hpp"
#include "weft/sample/dynamic_temperature.hpp"
#include "weft/sample/eta_cutoff.hpp"
#include "weft/sample/frequency_penalty.hpp"
#include "weft/sample/mirostat.hpp"
#include "weft/sample/pick.hpp"
#include "weft/sample/presence_penalty.hpp"
#include "weft/sample/temperature.hpp"
#include "weft/sample/top_h.hpp"
#include "weft/sample/top_n_sigma.hpp"
#include "weft/sample/typical_p.hpp"
#include "weft/sample/watermark_kgw.hpp"
#include "weft/sample/xtc.hpp"

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
  const auto logits = applied(steps, random_logits(seed, vocab, shape), {.history = history, .prompt_length = 2});
  std::vector<std::size_t> counts(vocab, 0);
  Draw pick;
  for (std::uint64_t i = 0; i < draws; ++i)
    ++counts[static_cast<std::size_t>(pick(logits, {.history = history, .seed = seed, .branch = i}).token)];
  CAPTURE(seed);
  check_against(counts, plain_softmax(logits));
}

}  // namespace

TEST_CASE("draws have the distribution of each chain") {
  check_draws(typical_p(0.8f), 21, 300, Shape::smooth);
  check_draws(epsilon_cutoff(0.005f), 22, 200, Shape::tied);
  check_draws(eta_cutoff(0.01f), 23, 200, Shape::smooth);
  check_draws(top_h(0.6f), 24, 300, Shape::smooth);
  check_draws(top_n_sigma(1.5f), 25, 300, Shape::smooth);
  check_draws(dynamic_temperature(1, 0.8f, 0.7f), 26, 200, Shape::peaked);
  check_draws(mirostat(3), 27, 300, Shape::smooth);
  check_draws(mirostat_v2(2), 28, 300, Shape::smooth);
  check_draws(typical_p(0.9f) | adaptive_p(0.2f), 29, 100, Shape::tied);
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
