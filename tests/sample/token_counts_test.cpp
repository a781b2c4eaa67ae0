#include "weft/sample/token_counts.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("counts that go on from the last call equal those of the whole history, after rewinds and new prompts too") {
  detail::TokenCounts counts;
  counts.prepare(8, 100);
  std::vector<Token> history;
  std::size_t unchanged = 0;
  for (std::uint64_t i = 0; i < 600; ++i) {
    if (i % 13 == 12) history.resize(history.size() - static_cast<std::size_t>(uniform(1, 2, i) * 7));
    unchanged = std::min(unchanged, history.size());
    history.push_back(static_cast<Token>(uniform(3, 4, i) * 10) - 1);  // foreign ids among them
    const std::size_t begin = i < 400 ? 0 : std::min<std::size_t>(2, history.size());
    counts.update(8, {.history = history, .unchanged = unchanged}, begin);
    unchanged = history.size();
    std::size_t distinct = 0;
    for (Token id = 0; id < 8; ++id) {
      const auto expected = std::count(history.begin() + static_cast<std::ptrdiff_t>(begin), history.end(), id);
      REQUIRE(counts.of(id) == static_cast<std::uint32_t>(expected));
      distinct += expected > 0;
    }
    REQUIRE(counts.distinct().size() == distinct);
  }
}
