#include "weft/core/error.hpp"

#include <doctest/doctest.h>

#include <string>

using weft::Error;
using weft::ErrorKind;

TEST_CASE("fail joins texts, numbers, characters and booleans into the message and keeps the kind") {
  try {
    weft::fail(ErrorKind::format, "model.gguf: key '", std::string("a.b"), "' is ", 7, ", expected ", 'x', " or ", true);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::format);
    CHECK(std::string(error.what()) == "model.gguf: key 'a.b' is 7, expected x or true");
    return;
  }
  FAIL("fail returned");
}
