#include "weft/core/checked.hpp"

#include <doctest/doctest.h>

#include <string>

using weft::Checked;

constexpr std::uint64_t largest = ~std::uint64_t{0};

TEST_CASE("sums, products and round-ups that fit are what plain arithmetic gives") {
  CHECK((Checked(3) * 5 + 7).value() == 22);
  CHECK((Checked(largest - 1) + 1).value() == largest);
  CHECK((Checked(std::uint64_t{1} << 32) * ((std::uint64_t{1} << 32) - 1)).valid());
  CHECK(Checked(33).round_up(32).value() == 64);
  CHECK(Checked(64).round_up(32).value() == 64);
  CHECK(Checked(0).round_up(32).value() == 0);
  CHECK((Checked(0) * largest).value() == 0);
}

TEST_CASE("overflow anywhere makes the result invalid, and later steps do not repair it") {
  CHECK_FALSE((Checked(largest) + 1).valid());
  CHECK_FALSE((Checked(std::uint64_t{1} << 32) * (std::uint64_t{1} << 32)).valid());
  CHECK_FALSE((Checked(largest) * 2 * 0).valid());
  CHECK_FALSE(Checked(largest).round_up(32).valid());
  CHECK_FALSE(Checked(5).round_up(0).valid());
  CHECK_FALSE((Checked(1) + Checked(largest) * 3).value().has_value());
}

TEST_CASE("a limit is passed by what is above it and by what overflowed") {
  CHECK(Checked(10).at_most(10));
  CHECK_FALSE(Checked(11).at_most(10));
  CHECK_FALSE((Checked(largest) * largest).at_most(largest));
}

TEST_CASE("value_or_fail throws the error that the caller words") {
  CHECK(Checked(4).value_or_fail(weft::ErrorKind::format, "unused") == 4);
  try {
    (void)(Checked(largest) + 1).value_or_fail(weft::ErrorKind::shape, "tensor ", 7, " is too large");
    FAIL("no error");
  } catch (const weft::Error& error) {
    CHECK(error.kind() == weft::ErrorKind::shape);
    CHECK(std::string(error.what()) == "tensor 7 is too large");
  }
}
