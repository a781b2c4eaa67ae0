#include "weft/io/json_value.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/errors.hpp"

using namespace weft;
using detail::JsonReader;
using detail::JsonValue;
using Kind = JsonValue::Kind;

namespace {
JsonValue parse(std::string_view text) { return detail::read_json_value(text, "test.json", 50); }
}

TEST_CASE("a document becomes values that say what they are") {
  const auto root = parse(R"({"a": [1, -2, 2.5, 18446744073709551615, null], "b": {"c": "x\u00e9", "d": true}, "a2": [], "e": {}})");
  REQUIRE(root.is(Kind::object));
  CHECK(root.members.size() == 4);
  const auto& a = *root.find("a");
  REQUIRE(a.items.size() == 5);
  CHECK(a.items[0].whole == 1);
  CHECK(a.items[1].whole == -2);
  CHECK(a.items[1].real == -2);
  CHECK(a.items[2].real == 2.5);
  CHECK(a.items[3].is(Kind::number));
  CHECK(a.items[3].real == 18446744073709551616.0);
  CHECK(a.items[4].is_null());
  CHECK(root.find("b")->find("c")->string == "x\xC3\xA9");
  CHECK(root.find("b")->find("d")->flag);
  CHECK(root.find("nothing") == nullptr);
  CHECK(root.describe() == "an object of 4");
  CHECK(a.describe() == "an array of 5");
  CHECK(root.find("b")->find("c")->describe() == "the string 'x\\xc3\\xa9'");
  CHECK(parse(R"({"a": 1, "a": 2})").find("a")->whole == 2);
}

TEST_CASE("what is no JSON, or nested too deep, is refused with the file's name and the place") {
  for (const std::string text : {"", "{", "[1,]", "{\"a\" 1}", "1 2", "nul", "\"\xFF\"", "[1e999]"}) {
    CAPTURE(text);
    CHECK(test::contains(test::message_of([&] { (void)parse(text); }), "test.json"));
  }
  CHECK(test::message_of([] { (void)parse(std::string(50, '[') + std::string(50, ']')); }) == "");
  CHECK(test::contains(test::message_of([] { (void)parse(std::string(51, '[') + std::string(51, ']')); }), "50 deep"));
  CHECK(test::contains(test::message_of([] { (void)parse(std::string(1 << 20, '[')); }), "50 deep"));
}

TEST_CASE("members are read with their types and ranges, and one that nobody read is named") {
  const auto root = parse(R"({"n": 7, "f": 2.5, "t": "x", "b": false, "l": [1], "z": null, "more": 3})");
  JsonReader reader(root, "test.json: thing");
  CHECK(reader.integer("n", 0, 7) == 7);
  CHECK(reader.text("t") == "x");
  CHECK_FALSE(reader.boolean("b"));
  CHECK(reader.array("l").size() == 1);
  CHECK(reader.optional("z") == nullptr);
  CHECK(reader.integer("absent", 0, 9, 5) == 5);
  CHECK(reader.integer("z", 0, 9, 5) == 5);
  CHECK(reader.text("absent", "y") == "y");
  CHECK(reader.boolean("absent", true));
  const auto message = [&](auto&& f) { return test::message_of([&] { (void)f(); }); };
  for (const auto& text : {message([&] { return reader.integer("n", 8, 9); }), message([&] { return reader.integer("f", 0, 9); }), message([&] { return reader.integer("t", 0, 9, 5); }),
                           message([&] { return reader.text("n"); }), message([&] { return reader.boolean("n", true); }), message([&] { return reader.required("absent"); }),
                           message([&] { return reader.array("n"); })})
    CHECK(test::contains(text, "test.json: thing"));
  CHECK(test::contains(message([&] { return reader.integer("n", 8, 9); }), "'n' is 7, expected an integer from 8 to 9"));
  CHECK(test::contains(test::message_of([&] { reader.finish(); }), "'more' (3) is not understood"));
  reader.ignore("more");
  CHECK(test::message_of([&] { reader.finish(); }) == "");
  CHECK(test::contains(message([&] { return JsonReader(parse("[1]"), "here"); }), "here is an array of 1, expected an object"));
}
