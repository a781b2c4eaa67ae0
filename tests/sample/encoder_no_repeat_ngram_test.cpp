#include "weft/sample/encoder_no_repeat_ngram.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("a token is excluded if and only if it would complete an n-gram of the source") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    std::uint64_t at = 0;
    const auto random_run = [&](std::size_t n) {
      std::vector<Token> run(n);
      for (auto& id : run) id = static_cast<Token>(uniform(seed, 1, at++) * 4);
      return run;
    };
    const auto source = random_run(seed % 30), history = random_run(seed % 5);
    for (std::int64_t n = 1; n <= 4; ++n) {
      const auto logits = applied(encoder_no_repeat_ngram(n, source), std::vector<float>(5, 1), {.history = history});
      for (Token next = 0; next < 5; ++next) {
        auto grown = history;
        grown.push_back(next);
        const auto length = static_cast<std::ptrdiff_t>(n);
        const bool found = std::ssize(grown) >= length &&
                           std::search(source.begin(), source.end(), grown.end() - length, grown.end()) != source.end();
        REQUIRE((logits[static_cast<std::size_t>(next)] == -inf) == found);
      }
    }
  }
  CHECK(kind_of_error([] { (void)encoder_no_repeat_ngram(0, {}); }) == ErrorKind::argument);
}
