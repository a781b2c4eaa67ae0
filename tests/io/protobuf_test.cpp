#include "weft/io/protobuf.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/errors.hpp"

using namespace weft;
using namespace std::string_view_literals;

TEST_CASE("fields come in the order of the message, each as it is written") {
  // 1: 150; 2: "testing"; 3: fixed32 1; 4: fixed64 2; 536870911: 0
  ProtobufReader reader("\x08\x96\x01\x12\x07testing\x1D\x01\x00\x00\x00\x21\x02\x00\x00\x00\x00\x00\x00\x00\xF8\xFF\xFF\xFF\x0F\x00"sv, "m");
  ProtobufReader::Field field;
  REQUIRE(reader.next(field));
  CHECK(field.number == 1);
  CHECK(field.value == 150);
  REQUIRE(reader.next(field));
  CHECK(field.bytes == "testing");
  REQUIRE(reader.next(field));
  CHECK(field.kind == ProtobufReader::Kind::fixed32);
  CHECK(field.value == 1);
  REQUIRE(reader.next(field));
  CHECK(field.value == 2);
  REQUIRE(reader.next(field));
  CHECK(field.number == 536870911);
  CHECK_FALSE(reader.next(field));
}

TEST_CASE("what is cut short or no field is refused with its place") {
  const auto message = [](std::string_view bytes) {
    return test::message_of([&] {
      ProtobufReader reader(bytes, "m");
      for (ProtobufReader::Field field; reader.next(field);) {
      }
    });
  };
  CHECK(message("") == "");
  CHECK(test::contains(message("\x08"), "m: "));
  CHECK(test::contains(message("\x12\x05""ab"sv), "5 bytes, of which 2 are there"));
  CHECK(test::contains(message("\x12\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"sv), "18446744073709551615 bytes"));
  CHECK(test::contains(message("\x0B"), "unknown type 3"));
  CHECK(test::contains(message("\x02\x00"sv), "number 0"));
  CHECK(test::contains(message("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"sv), "more than ten bytes"));
}
