#include "weft/sample/bias.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("bias adds to logits, -infinity forbids") {
  CHECK(applied(bias({{0, 1.5f}, {2, -inf}, {0, 1}}), {1, 1, 1}) == std::vector<float>{3.5f, 1, -inf});
}

TEST_CASE("a bias that is NaN or +infinity, or on an id outside the vocabulary, is refused") {
  CHECK(kind_of_error([] { (void)bias({{0, inf}}); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { (void)bias({{0, std::nanf("")}}); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { applied(bias({{3, 1}}), {1, 1, 1}); }) == ErrorKind::argument);
  CHECK(kind_of_error([] { applied(bias({{-1, 1}}), {1, 1, 1}); }) == ErrorKind::argument);
}
