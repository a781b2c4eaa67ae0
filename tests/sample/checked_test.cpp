#include "weft/sample/checked.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "support.hpp"
#include "weft/core/archive.hpp"
#include "weft/sample/mirostat.hpp"
#include "weft/sample/parameters.hpp"
#include "weft/sample/pick.hpp"
#include "weft/sample/temperature.hpp"
#include "weft/sample/top_k.hpp"
#include "weft/sample/top_p.hpp"

using namespace weft;
using namespace weft::test;

namespace {

struct Breaks {  // a step of one's own that divides by zero
  float divisor = 0;
  void operator()(std::span<float> logits, std::span<const Token>) const { logits[3] = 0 / divisor; }
};

template <class Steps>
std::string message_of(Steps steps, std::vector<float> logits) {
  try {
    weft::apply(steps, std::span<float>(logits), {});
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::argument);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("NaN is reported with the step that made it, or with the model") {
  const auto logits = random_logits(1, 20, Shape::smooth);
  auto broken = logits;
  broken[7] = std::nanf("");
  const auto chain = checked(temperature(0.5f) | step(Breaks{}) | top_p(0.9f));
  const auto own = message_of(chain, logits);
  CHECK(own.find("logits[3]") != std::string::npos);
  CHECK(own.find("Breaks") != std::string::npos);
  const auto model = message_of(chain, broken);
  CHECK(model.find("logits[7]") != std::string::npos);
  CHECK(model.find("the model") != std::string::npos);
  SamplingParameters p;
  p.checked = true;
  p.temperature = 0.5f;
  p.top_k = 3;
  CHECK(message_of(steps_from(p), broken).find("the model") != std::string::npos);
  CHECK(message_of(steps_from(p), logits).empty());
}

TEST_CASE("a checked chain is the chain, its state included") {
  auto plain = top_k(15) | mirostat_v2(2, 0.5f);
  auto with = checked(plain);
  std::vector<Token> history{1};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const StepContext context{.history = history, .prompt_length = 1, .unchanged = history.size() - 1};
    auto a = random_logits(seed, 30, Shape::smooth), b = a;
    if (seed == 10) {
      StateWriter out;
      with.save(out);
      with = checked(top_k(15) | mirostat_v2(2, 0.5f));
      StateReader in(out.bytes(), "here");
      with.load(in);
    }
    weft::apply(plain, std::span<float>(a), context);
    weft::apply(with, std::span<float>(b), context);
    CHECK(a == b);
    history.push_back(argmax()(a, context).token);
  }
}
