#include "weft/sample/ngram_index.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace weft;
using namespace weft::test;

TEST_CASE("the index finds every earlier place of the last run, latest first, after rewinds too") {
  for (std::size_t length = 0; length < 5; ++length) {
    detail::NgramIndex index(length);
    index.prepare(100);
    std::vector<Token> history;
    std::size_t unchanged = 0;
    for (std::uint64_t i = 0; i < 300; ++i) {
      if (i % 19 == 18) history.resize(history.size() - static_cast<std::size_t>(uniform(1, 2, i) * 9));
      unchanged = std::min(unchanged, history.size());
      history.push_back(static_cast<Token>(uniform(3, length, i) * 4) - 1);
      index.update({.history = history, .unchanged = unchanged});
      unchanged = history.size();
      if (history.size() < length) continue;
      std::vector<std::size_t> expected, found;
      for (std::size_t p = history.size(); p-- > length;)
        if (std::equal(history.end() - static_cast<std::ptrdiff_t>(length), history.end(),
                       history.begin() + static_cast<std::ptrdiff_t>(p - length)))
          expected.push_back(p);
      index.for_each_before(history, history.size(), [&](std::size_t p) { found.push_back(p); });
      REQUIRE(found == expected);
    }
  }
}
