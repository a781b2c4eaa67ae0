#include "weft/decode/result.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace weft;

TEST_CASE("a result that nothing was written to is still running, has missed nothing, and names no token that stopped it") {
  const Result result;
  CHECK(result.stop == StopReason::running);
  CHECK(result.stop_token == -1);
  CHECK(result.gap == std::numeric_limits<double>::infinity());
  CHECK(result.missing == 0);
}

TEST_CASE("the alternatives of a token are those kept for it, after the chain and before it") {
  Result result;
  result.top_n = 2;
  for (int i = 0; i < 6; ++i) {
    result.top.push_back({i, 0});
    result.top_raw.push_back({10 + i, 0});
  }
  for (std::size_t i = 0; i < 3; ++i) {
    REQUIRE(result.top_at(i).size() == 2);
    REQUIRE(result.top_raw_at(i).size() == 2);
    for (std::size_t j = 0; j < 2; ++j) {
      CHECK(result.top_at(i)[j].token == static_cast<Token>(2 * i + j));
      CHECK(result.top_raw_at(i)[j].token == static_cast<Token>(10 + 2 * i + j));
    }
  }
  CHECK(Result().top_at(5).empty());
}
