#include "weft/io/gguf.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "io/gguf_writer.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"
#include "weft/core/error.hpp"

using weft::Gguf;
using weft::GgufType;
using weft::test::GgufWriter;

namespace {

using weft::test::contains;
using weft::test::message_of;

Gguf open_bytes(const std::string& bytes) {
  const weft::test::TemporaryFolder folder;
  return Gguf::open(folder.write("model.gguf", bytes));
}

GgufWriter example() {
  GgufWriter w;
  w.add("general.architecture", std::string("llama"));
  w.add("a.u8", std::uint8_t{200}).add("a.i8", std::int8_t{-5}).add("a.u32", std::uint32_t{4000000000u}).add("a.u64", ~std::uint64_t{0});
  w.add("a.i64", std::int64_t{-7}).add("a.f32", 1.5f).add("a.f64", 2.25).add("a.yes", true).add("a.no", false);
  w.add("a.words", std::vector<std::string>{"", "two words", std::string("nul\0in", 6)});
  w.add("a.ints", std::vector<std::int32_t>{-1, 2, 3}).add("a.bytes", std::vector<std::uint8_t>{7, 255});
  w.add("a.floats", std::vector<float>{0.5f, -2.0f}).add("a.none", std::vector<std::int32_t>{});
  w.add_tensor("matrix", {4, 2}, 0, std::string(32, 'm')).add_tensor("row", {3}, 0, std::string(12, 'r'));
  return w;
}

}  // namespace

TEST_CASE("metadata of every type is read back") {
  const Gguf g = open_bytes(example().bytes());
  CHECK(g.version() == 3);
  CHECK(g.keys().size() == 15);
  CHECK(g.keys().front() == "general.architecture");
  CHECK(g.string("general.architecture") == "llama");
  CHECK(g.integer("a.u8") == 200);
  CHECK(g.signed_integer("a.i8") == -5);
  CHECK(g.integer("a.u32") == 4000000000u);
  CHECK(g.integer("a.u64") == ~std::uint64_t{0});
  CHECK(g.signed_integer("a.i64") == -7);
  CHECK(g.number("a.f32") == 1.5);
  CHECK(g.number("a.f64") == 2.25);
  CHECK(g.number("a.i8") == -5.0);
  CHECK(g.boolean("a.yes") == true);
  CHECK(g.boolean("a.no") == false);
  const auto words = g.strings("a.words");
  REQUIRE(words.size() == 3);
  CHECK(words[0].empty());
  CHECK(words[1] == "two words");
  CHECK(words[2].size() == 6);
  CHECK(g.integers("a.ints") == std::vector<std::int64_t>{-1, 2, 3});
  CHECK(g.integers("a.bytes") == std::vector<std::int64_t>{7, 255});
  CHECK(g.numbers("a.floats") == std::vector<float>{0.5f, -2.0f});
  CHECK(g.integers("a.none").empty());
  CHECK(g.type("a.ints") == GgufType::i32);
  CHECK(g.is_array("a.ints"));
  CHECK(g.size("a.words") == 3);
}

TEST_CASE("an absent key is no error") {
  const Gguf g = open_bytes(example().bytes());
  CHECK_FALSE(g.has("b"));
  CHECK_FALSE(g.integer("b").has_value());
  CHECK_FALSE(g.string("a.u").has_value());
  CHECK(g.strings("").empty());
  CHECK_FALSE(g.type("b").has_value());
}

TEST_CASE("a value of another type is an error that names the key, what was found and what was expected") {
  const Gguf g = open_bytes(example().bytes());
  const auto text = message_of([&] { (void)g.integer("a.f32"); });
  CHECK(contains(text, "model.gguf"));
  CHECK(contains(text, "'a.f32'"));
  CHECK(contains(text, "f32, expected an integer"));
  CHECK(contains(message_of([&] { (void)g.integer("a.i64"); }), "-7"));
  CHECK(contains(message_of([&] { (void)g.signed_integer("a.u64"); }), "18446744073709551615"));
  CHECK(contains(message_of([&] { (void)g.string("a.words"); }), "an array of type string, expected a string"));
  CHECK(contains(message_of([&] { (void)g.strings("a.ints"); }), "i32"));
  CHECK(contains(message_of([&] { (void)g.strings("general.architecture"); }), "expected an array of strings"));
  CHECK(contains(message_of([&] { (void)g.boolean("a.u8"); }), "expected a bool"));
  CHECK(contains(message_of([&] { (void)g.integers("a.floats"); }), "expected an array of integers"));
  CHECK(contains(message_of([&] { (void)g.numbers("a.words"); }), "expected an array of numbers"));
}

TEST_CASE("tensors have their shape outermost first, and their bytes") {
  const Gguf g = open_bytes(example().bytes());
  const auto& matrix = g.tensors.at("matrix");
  CHECK(matrix.shape == std::vector<std::int64_t>{2, 4});
  CHECK(matrix.type == weft::DType::f32);
  CHECK(matrix.bytes.size() == 32);
  CHECK(matrix.bytes[31] == std::byte{'m'});
  CHECK(g.tensors.at("row").bytes[0] == std::byte{'r'});
  CHECK(g.tensors.find("column") == nullptr);
  CHECK(contains(message_of([&] { (void)g.tensors.at("column"); }), "'column' is missing"));
  g.tensors.release(matrix.bytes);
  CHECK(matrix.bytes[0] == std::byte{'m'});
}

TEST_CASE("version 2, other alignments and a file without tensors are read") {
  auto w = example();
  w.version = 2;
  CHECK(open_bytes(w.bytes()).version() == 2);
  w.alignment = 8;
  w.add("general.alignment", std::uint32_t{8});
  CHECK(open_bytes(w.bytes()).tensors.at("row").bytes[0] == std::byte{'r'});
  GgufWriter vocabulary;
  vocabulary.add("general.architecture", std::string("llama"));
  CHECK(open_bytes(vocabulary.bytes()).tensors.tensors().empty());
}

TEST_CASE("an alignment that is no power of two, or beyond the file, is refused by name") {
  for (const std::uint32_t alignment : {0u, 3u, 48u, 0x80000000u}) {
    auto w = example();
    w.add("general.alignment", alignment);
    const auto text = message_of([&] { (void)open_bytes(w.bytes()); });
    CHECK_MESSAGE((contains(text, "general.alignment") || contains(text, "'row'") || contains(text, "'matrix'")), text);
  }
}

TEST_CASE("arrays in arrays are skipped, and refused beyond a depth") {
  const auto nested = [](int depth) {
    std::string value;
    for (int i = 0; i < depth; ++i) value += GgufWriter::number(std::uint32_t{9}) + GgufWriter::number(std::uint64_t{1});
    return value + GgufWriter::number(std::uint32_t{0}) + GgufWriter::number(std::uint64_t{2}) + "ab";
  };
  GgufWriter w;
  w.add_raw("nested", 9, nested(3)).add("after", std::uint32_t{5});
  const Gguf g = open_bytes(w.bytes());
  CHECK(g.integer("after") == 5);
  CHECK(contains(message_of([&] { (void)g.integers("nested"); }), "'nested'"));
  GgufWriter deep;
  deep.add_raw("deep", 9, nested(1000));
  CHECK(contains(message_of([&] { (void)open_bytes(deep.bytes()); }), "'deep'"));
}

TEST_CASE("a bool that is neither 0 nor 1 is refused, alone and in a list") {
  GgufWriter alone, list;
  alone.add_raw("flag", 7, "\2");
  list.add_raw("flags", 9, GgufWriter::number(std::uint32_t{7}) + GgufWriter::number(std::uint64_t{2}) + "\1\3");
  CHECK(contains(message_of([&] { (void)open_bytes(alone.bytes()); }), "'flag'"));
  CHECK(contains(message_of([&] { (void)open_bytes(list.bytes()); }), "'flags'"));
}

TEST_CASE("a part of a split model is refused with the way out; a model of one part is not") {
  auto w = example();
  w.add("split.count", std::uint16_t{3});
  CHECK(contains(message_of([&] { (void)open_bytes(w.bytes()); }), "split.count"));
  auto one = example();
  one.add("split.count", std::uint16_t{1});
  CHECK(message_of([&] { (void)open_bytes(one.bytes()); }).empty());
}

TEST_CASE("what people take for GGUF is called by its name") {
  const auto message = [](const std::string& bytes) { return message_of([&] { (void)open_bytes(bytes); }); };
  CHECK(contains(message("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n"), "git lfs pull"));
  CHECK(contains(message("<!DOCTYPE html><html>Not found</html>"), "web page"));
  CHECK(contains(message(std::string("PK\x03\x04 data.pkl")), "archive"));
  CHECK(contains(message(std::string("\x02\0\0\0\0\0\0\0{}", 10)), "safetensors"));
  CHECK(contains(message("# README"), "is this a GGUF file?"));
}

TEST_CASE("every prefix of a valid file is refused, never read beyond its end") {
  const std::string whole = example().bytes();
  const weft::test::TemporaryFolder folder;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto path = folder.write("cut.gguf", whole.substr(0, size));
    const auto text = message_of([&] { (void)Gguf::open(path); });
    // The padding behind the last tensor may be missing.
    if (text.empty()) CHECK_MESSAGE(size >= whole.size() - 20, size);
  }
}

TEST_CASE("names with control characters do not reach a terminal unescaped") {
  GgufWriter w;
  w.add_raw("\x1b[31mred", 77, "");
  const auto text = message_of([&] { (void)open_bytes(w.bytes()); });
  CHECK(contains(text, "\\x1b[31mred"));
  CHECK_FALSE(contains(text, "\x1b"));
}

TEST_CASE("opening ends at once when it is cancelled") {
  const weft::test::TemporaryFolder folder;
  const auto path = folder.write("model.gguf", example().bytes());
  std::stop_source source;
  source.request_stop();
  try {
    (void)Gguf::open(path, source.get_token());
    FAIL("no error");
  } catch (const weft::Error& error) {
    CHECK(error.kind() == weft::ErrorKind::cancelled);
  }
}

TEST_CASE("infinite, NaN and too large numbers arrive as what they are") {
  GgufWriter w;
  w.add("nan", std::numeric_limits<float>::quiet_NaN()).add("list", std::vector<double>{1e300, -1e300, 1.0});
  const Gguf g = open_bytes(w.bytes());
  CHECK(std::isnan(*g.number("nan")));
  const auto list = g.numbers("list");
  CHECK(std::isinf(list[0]));
  CHECK((std::isinf(list[1]) && list[1] < 0));
  CHECK(list[2] == 1.0f);
}
