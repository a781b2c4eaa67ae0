#include "weft/decode/minimum_bayes_risk.hpp"

#include <doctest/doctest.h>

#include "decode/samples_alone.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("minimum Bayes risk takes the sample of greatest mean utility to the others") {
  const auto model = numbered_toy(6);
  const auto samples = samples_alone(model, draw(), 10);
  std::size_t best = 0;
  std::vector<double> utility(10, 0);
  for (std::size_t h = 0; h < 10; ++h) {
    for (std::size_t r = 0; r < 10; ++r)
      if (h != r) utility[h] += unigram_f1(samples[h], samples[r]) / 9;
    if (utility[h] > utility[best]) best = h;
  }
  const auto won = generate(model, start, minimum_bayes_risk({.n = 10}, draw()), ten_tokens).front();
  CHECK(won.tokens == samples[best].tokens);
  CHECK(won.score == doctest::Approx(utility[best]));
  Result a, b;
  a.tokens = {1, 2, 2, 3};
  b.tokens = {2, 2, 5};
  CHECK(unigram_f1(a, b) == doctest::Approx(4.0 / 7));
  CHECK(unigram_f1(a, a) == 1);
}
