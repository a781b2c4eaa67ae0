#include "weft/sample/sequence_bias.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("a sequence's bias is added if and only if the history ends in all its tokens but the last") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    std::uint64_t at = 0;
    const auto random_run = [&](std::size_t n) {
      std::vector<Token> run(n);
      for (auto& id : run) id = static_cast<Token>(uniform(seed, 1, at++) * 3);
      return run;
    };
    const auto history = random_run(seed % 9);
    std::vector<BiasedSequence> sequences;
    for (std::size_t i = 0; i < 12; ++i) sequences.push_back({random_run(1 + i % 4), static_cast<float>(1 << i)});
    std::vector<float> expected(3, 0);
    for (const auto& s : sequences) {
      auto grown = history;
      grown.push_back(s.tokens.back());
      if (s.tokens.size() <= grown.size() && std::equal(s.tokens.rbegin(), s.tokens.rend(), grown.rbegin()))
        expected[static_cast<std::size_t>(s.tokens.back())] += s.value;
    }
    REQUIRE(applied(sequence_bias(sequences), std::vector<float>(3, 0), {.history = history}) == expected);
  }
}

TEST_CASE("sequences that are empty or have negative ids, and biases of NaN or +infinity, are refused") {
  CHECK(kind_of_error([] { (void)sequence_bias({{{}, 1}}); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)sequence_bias({{{1, -1}, 1}}); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)sequence_bias({{{1}, inf}}); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)sequence_bias({{{1}, std::nanf("")}}); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { applied(sequence_bias({{{3}, 1}}), {1, 1, 1}); }) == ErrorKind::argument);
}
