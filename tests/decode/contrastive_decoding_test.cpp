#include "weft/decode/contrastive_decoding.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "support/errors.hpp"
#include "support/toy_sequence.hpp"
#include "weft/core/log_prob.hpp"

using namespace weft;

TEST_CASE("the contrast is the papers' formula among the plausible, in double, and nothing elsewhere") {
  std::uint64_t draws = 0;
  const auto random = [&](double low, double high) { return static_cast<float>(low + (high - low) * uniform(8, 9, draws++)); };
  std::vector<float> expert(100), amateur(100), out(100);
  for (int round = 0; round < 40; ++round) {
    for (auto* logits : {&expert, &amateur})
      for (auto& x : *logits) x = random(-6, 6);
    const Contrast how{.plausibility = random(0.01, 1), .expert = random(1, 2), .amateur = random(0, 1), .amateur_temperature = random(0.5, 2)};
    how(expert, amateur, out);
    auto tempered = amateur;
    for (auto& x : tempered) x /= how.amateur_temperature;
    const double best = *std::max_element(expert.begin(), expert.end());
    int plausible = 0;
    for (std::size_t i = 0; i < expert.size(); ++i) {
      const double ratio = std::exp(static_cast<double>(expert[i]) - best) / static_cast<double>(how.plausibility);
      if (std::fabs(ratio - 1) < 1e-4) continue;  // at the border
      const double formula = static_cast<double>(how.expert) * log_prob(expert, i) - static_cast<double>(how.amateur) * log_prob(tempered, i);
      if (ratio > 1) CHECK(out[i] == doctest::Approx(formula).epsilon(1e-5));
      else CHECK(out[i] == -HUGE_VALF);
      plausible += ratio > 1;
    }
    CHECK((plausible > 0 || how.plausibility > 0.999f));
  }
}

TEST_CASE("a token that the amateur excludes is much to gain, and no NaN") {
  std::vector<float> out(3);
  Contrast{}(std::vector<float>{1, 1, -HUGE_VALF}, std::vector<float>{1, -HUGE_VALF, 1}, out);
  CHECK(std::isfinite(out[0]));
  CHECK(out[1] > out[0] + 1000);
  CHECK(out[2] == -HUGE_VALF);
}

TEST_CASE("contrasts that make no sense are refused by name") {
  const auto model = test::numbered_toy(5);
  const auto message = [&](const Contrast& how) { return test::message_of([&] { (void)contrasted(test::ToySequence(model), test::ToySequence(model), how); }); };
  CHECK(message({}) == "");
  for (const float bad : {0.0f, -1.0f, 1.5f, NAN}) CHECK(test::contains(message({.plausibility = bad}), "plausibility"));
  for (const float bad : {0.0f, -1.0f, NAN, INFINITY}) CHECK(test::contains(message({.amateur_temperature = bad}), "temperature"));
  for (const float bad : {NAN, INFINITY}) {
    CHECK(test::contains(message({.expert = bad}), "weights"));
    CHECK(test::contains(message({.amateur = bad}), "weights"));
  }
}
