#include "weft/sample/xtc.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("of the tokens that reach the threshold, the least likely is left, of equals the last") {
  // about 0.32, 0.12, 0.32, 0.12, 0.12
  const std::vector<float> logits{2, 1, 2, 1, 1};
  CHECK(applied(xtc(1, 0.3f), logits) == std::vector<float>{-inf, 1, 2, 1, 1});
  CHECK(applied(xtc(1, 0.1f), logits) == std::vector<float>{-inf, -inf, -inf, -inf, 1});
  CHECK(applied(xtc(1, 0.4f), logits) == logits);
  CHECK(applied(xtc(1, 0.9f), {9, 1}) == std::vector<float>{9, 1});
  CHECK(applied(xtc(0, 0.1f), logits) == logits);
}

TEST_CASE("it happens as often as its probability says, and the number is a function of seed, branch and position") {
  const std::vector<float> logits{1, 1};
  std::size_t times = 0;
  for (std::uint64_t seed = 0; seed < 10000; ++seed) {
    const auto once = applied(xtc(0.3f, 0.1f), logits, {.seed = seed});
    CHECK(once == applied(xtc(0.3f, 0.1f), logits, {.seed = seed}));
    times += once[0] == -inf;
  }
  CHECK(std::abs(static_cast<double>(times) - 3000) < 5 * std::sqrt(10000 * 0.3 * 0.7));
}

TEST_CASE("a probability or threshold outside [0, 1] is refused") {
  CHECK(kind_of_error([] { (void)xtc(1.1f, 0.1f); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)xtc(0.1f, -0.1f); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)xtc(std::nanf(""), 0.1f); }) == ErrorKind::argument);
}
