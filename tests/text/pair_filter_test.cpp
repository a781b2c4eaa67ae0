#include "weft/text/pair_filter.hpp"

#include <doctest/doctest.h>

#include "weft/core/philox.hpp"

using namespace weft;

TEST_CASE("a filter holds all that was added and little else; one without a size holds everything") {
  constexpr std::uint32_t count = 20000;
  const auto some = [](std::uint64_t stream, std::uint64_t i) { return static_cast<std::uint32_t>(uniform(16, stream, i) * 200000); };
  detail::PairFilter filter(count);
  for (std::uint32_t i = 0; i < count; ++i) filter.add(some(1, i), some(2, i));
  int missing = 0, more = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    missing += filter.may_hold(some(1, i), some(2, i)) ? 0 : 1;
    more += filter.may_hold(some(3, i), some(4, i)) ? 1 : 0;
  }
  CHECK(missing == 0);
  CHECK(more < static_cast<int>(count) / 6);  // eight bits a pair
  CHECK(detail::PairFilter().may_hold(1, 2));
  CHECK_FALSE(detail::PairFilter(0).may_hold(1, 2));
}
