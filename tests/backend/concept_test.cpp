// What a backend is handed.
#include "weft/backend/concept.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <vector>

#include "support.hpp"

namespace {

using namespace weft;
using namespace weft::test;

TEST_CASE("the parts of a matrix, one after the other, are its bytes") {
  Random random(9);
  for (const DType type : types) {
    CAPTURE(std::string(name(type)));
    const RandomMatrix matrix(type, 7, cols_near(type, 64), random);
    REQUIRE(matrix.raw.bytes() == matrix.bytes.size());
    std::vector<std::byte> joined;
    for (std::int64_t row = 0; row < 7; row += 3) {
      const RawMatrix part = matrix.raw.part(row, row < 6 ? 3 : 1);
      CHECK(part.cols == matrix.raw.cols);
      joined.insert(joined.end(), part.data, part.data + part.bytes());
    }
    CHECK(joined == matrix.bytes);
  }
}

}  // namespace
