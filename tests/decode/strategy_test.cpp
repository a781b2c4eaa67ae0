// What generate() and run() take, and what they do not.
#include "weft/decode/strategy.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "decode/toy_start.hpp"
#include "weft/decode/beam.hpp"
#include "weft/decode/best_of.hpp"
#include "weft/decode/generate.hpp"
#include "weft/sample/temperature.hpp"

using namespace weft;
using namespace weft::test;

namespace {

/// Gives back what it was asked.
struct Echo {
  template <DecodableSequence S>
  std::vector<Result> search(S sequence, std::vector<Token> prompt, const Options& options) const {
    Result result;
    result.tokens.assign(sequence.tokens().begin(), sequence.tokens().end());
    result.tokens.insert(result.tokens.end(), prompt.begin(), prompt.end());
    result.text = std::to_string(options.max_tokens);
    return {result, Result()};
  }
};
struct ChangesItself {
  std::vector<Result> search(ToySequence, std::vector<Token>, const Options&) { return {}; }
};
struct GivesText {
  std::string search(ToySequence, std::vector<Token>, const Options&) const { return {}; }
};
struct TakesOthers {
  std::vector<Result> search(const ToyModel&, std::vector<Token>, const Options&) const { return {}; }
};

template <class T>
constexpr bool decodes = StrategyFor<T, ToySequence>;

static_assert(decodes<Echo> && Searches<Echo, ToySequence>);
static_assert(!decodes<ChangesItself> && !decodes<GivesText> && !decodes<TakesOthers> && !decodes<int>);
static_assert(decodes<decltype(argmax())> && decodes<decltype(temperature(1) | draw())> && !Searches<decltype(argmax()), ToySequence>);
static_assert(!decodes<decltype(temperature(1))>);  // a chain that picks nothing
static_assert(Searches<decltype(beam()), ToySequence> && Searches<decltype(best_of({.n = 2}, draw())), ToySequence>);

}  // namespace

TEST_CASE("a search is handed the sequence as it stands, the prompt that is to be run, and the options, and its results are returned") {
  const auto model = numbered_toy(9);
  const auto anew = generate(model, start, Echo(), {.max_tokens = 7});
  REQUIRE(anew.size() == 2);
  CHECK(anew[0].tokens == start);
  CHECK(anew[0].text == "7");
  auto sequence = started(model);
  CHECK(generate(sequence, Echo())[0].tokens == start);
  CHECK(model.passes == 1);  // that of started()
}
