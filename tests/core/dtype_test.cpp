#include "weft/core/dtype.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

TEST_CASE("every type has one entry, one name and a block that is not empty") {
  std::set<weft::DType> types;
  std::set<std::string> names;
  for (const auto& entry : weft::dtype_table) {
    CHECK(types.insert(entry.type).second);
    CHECK(names.insert(std::string(entry.name)).second);
    CHECK(entry.values > 0);
    CHECK(entry.bytes > 0);
    CHECK(&weft::info(entry.type) == &entry);
  }
  CHECK(names.contains("IQ2_XXS"));
  CHECK(weft::name(weft::DType::mxfp4) == "MXFP4");
}

TEST_CASE("an id of a file that is no type is not found") {
  CHECK(weft::find_dtype(static_cast<weft::DType>(4)) == nullptr);  // Q4_2, removed from ggml
  CHECK(weft::find_dtype(static_cast<weft::DType>(255)) == nullptr);
}
