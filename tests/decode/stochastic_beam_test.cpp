#include "weft/decode/stochastic_beam.hpp"

#include <doctest/doctest.h>

#include <map>

#include "decode/toy_start.hpp"
#include "support/sanitizer.hpp"
#include "support/toy_sequence.hpp"
#include "weft/decode/generate.hpp"
#include "weft/sample/parameters.hpp"
#include "weft/sample/steps.hpp"

using namespace weft;
using namespace weft::test;

namespace {

/// All texts of at most `length` tokens with their probabilities under logits divided by t.
void enumerate(const ToySequence& s, std::size_t length, float t, double p, std::vector<Token>& text, std::map<std::vector<Token>, double>& all) {
  std::vector<float> logits(s.logits().begin(), s.logits().end());
  for (float& x : logits) x /= t;
  log_softmax(logits);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const auto token = static_cast<Token>(i);
    const double q = p * std::exp(static_cast<double>(logits[i]));
    text.push_back(token);
    if (length == 1 || token == s.model().ends[0]) {
      all[text] += q;
    } else {
      auto fork = s.fork();
      fork.append(std::span<const Token>(&token, 1));
      enumerate(fork, length - 1, t, q, text, all);
    }
    text.pop_back();
  }
}

}  // namespace

TEST_CASE("two stochastic beams are two draws without replacement: chi-squared over ordered pairs of 10^5 searches, and each text's share in them") {
  auto model = numbered_toy(3);
  model.spread = 2;
  for (const float t : {1.0f, 0.6f}) {
    ToySequence root(model);
    root.append(one_token);
    std::map<std::vector<Token>, double> all;
    std::vector<Token> text;
    enumerate(root, 2, t, 1, text, all);
    REQUIRE(all.size() == 7);  // 2 * 3 + the end at once
    std::map<std::pair<std::vector<Token>, std::vector<Token>>, double> seen;
    constexpr int n = draws_of(50000);
    for (int i = 0; i < n; ++i) {
      const auto drawn = generate(root, temperature(t) | stochastic_beam(2), {.max_tokens = 2, .seed = static_cast<std::uint64_t>(i)});
      REQUIRE(drawn.size() == 2);
      CHECK(drawn[0].perturbed >= drawn[1].perturbed);
      for (const auto& r : drawn) REQUIRE(std::exp(r.score) == doctest::Approx(all.at(r.tokens)).epsilon(1e-5));
      seen[{drawn[0].tokens, drawn[1].tokens}] += 1;
    }
    double chi = 0;
    int cells = 0;
    for (const auto& [a, p] : all)
      for (const auto& [b, q] : all) {
        if (a == b) {
          CHECK(seen.count({a, b}) == 0);
          continue;
        }
        const double expected = n * p * q / (1 - p);
        const double d = seen[{a, b}] - expected;
        chi += d * d / expected;
        ++cells;
      }
    for (const auto& [a, p] : all) {  // inclusion: drawn first, or second after any other
      double inclusion = p, found = 0;
      for (const auto& [b, q] : all)
        if (b != a) inclusion += q * p / (1 - q), found += seen[{a, b}] + seen[{b, a}];
      CHECK(std::abs(found - n * inclusion) < 4.5 * std::sqrt(n * inclusion * (1 - inclusion)));
    }
    REQUIRE(cells == 42);
    CHECK(chi < 80.1);  // 41 degrees of freedom: exceeded once in 4,000 by chance
  }
}

TEST_CASE("as many stochastic beams as there are texts return every text once") {
  auto model = numbered_toy(3);
  ToySequence root(model);
  root.append(one_token);
  std::map<std::vector<Token>, double> all;
  std::vector<Token> text;
  enumerate(root, 3, 1, 1, text, all);
  const auto drawn = generate(root, stochastic_beam(50), {.max_tokens = 3});
  REQUIRE(drawn.size() == all.size());
  for (const auto& r : drawn) {
    CHECK(all.erase(r.tokens) == 1);
    CHECK((r.stop == StopReason::end_token) == (r.tokens.back() == 2));
    double sum = 0;
    for (const float x : r.logprobs) sum += static_cast<double>(x);
    CHECK(sum == doctest::Approx(r.score).epsilon(1e-6));
  }
}

TEST_CASE("stochastic beams stop at stop strings and when cancelled, never above their limits") {
  const auto model = numbered_toy(9);
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const auto drawn = generate(model, one_token, stochastic_beam(5), {.max_tokens = 6, .stop = {"<3>"}, .seed = seed, .logprobs = 2});
    CHECK(drawn.size() == 5);
    for (const auto& r : drawn) {
      CHECK(r.tokens.size() <= 6);
      CHECK(r.text.find("<3>") == std::string::npos);
      CHECK((r.stop == StopReason::stop_string) == (r.tokens.back() == 3));
      CHECK(r.top.size() == 2 * r.tokens.size());
    }
  }
  std::stop_source source;
  auto stop_later = [&](std::span<float>, std::span<const Token> history) {
    if (history.size() == 4) source.request_stop();
  };
  const auto cut = generate(model, one_token, step(stop_later) | stochastic_beam(2), {.ignore_end_tokens = true, .cancel = source.get_token()});
  for (const auto& r : cut) CHECK(r.stop == StopReason::cancelled);
  CHECK_THROWS_AS(stochastic_beam(0), Error);
}
