#include "weft/sample/mirostat.hpp"

#include <doctest/doctest.h>

#include "support.hpp"
#include "weft/sample/pick.hpp"

using namespace weft;
using namespace weft::test;

namespace {

/// Mean surprise, in bits, of 2,000 tokens drawn from logits of one shape.
template <class M>
double mean_surprise(M step, float scale) {
  std::vector<Token> history{0};
  std::size_t unchanged = 0;
  double sum = 0;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    auto logits = random_logits(i, 500, Shape::smooth);
    for (float& x : logits) x *= scale;
    const StepContext context{.history = history, .prompt_length = 1, .unchanged = unchanged, .seed = 7};
    apply(step, std::span<float>(logits), context);
    const auto choice = Draw{}(logits, context);
    sum -= static_cast<double>(choice.logprob) / std::log(2.0);
    unchanged = history.size();
    history.push_back(choice.token);
  }
  return sum / 2000;
}

}  // namespace

TEST_CASE("the mean surprise of the drawn tokens comes to tau, whatever the model's own") {
  for (const float tau : {2.0f, 4.0f})
    for (const float scale : {0.3f, 0.6f}) {
      CHECK(mean_surprise(mirostat_v2(tau, 0.1f), scale) == doctest::Approx(static_cast<double>(tau)).epsilon(0.03));
      CHECK(mean_surprise(mirostat(tau, 0.1f), scale) == doctest::Approx(static_cast<double>(tau)).epsilon(0.03));
    }
}

TEST_CASE("mirostat keeps the best token however low its bound falls") {
  auto step = mirostat_v2(0, 100);
  std::vector<Token> history{0};
  for (std::size_t i = 0; i < 5; ++i) {
    std::vector<float> logits{1, 1, 3, 1};
    apply(step, std::span<float>(logits), {.history = history, .unchanged = i == 0 ? 0 : history.size() - 1});
    CHECK(logits[2] == 3);
    history.push_back(2);
  }
}

TEST_CASE("a negative or infinite tau or eta, and m below 2, are refused") {
  CHECK(kind_of_error([] { (void)mirostat(-1, 0.1f); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)mirostat(5, 0.1f, 1); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)mirostat_v2(5, -0.1f); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)mirostat_v2(inf, 0.1f); }) == ErrorKind::argument);
}
