#include "weft/io/gguf_writer.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gguf_writer.hpp"
#include "weft/core/error.hpp"

using namespace weft;

namespace {

struct Folder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / "weft_gguf_writer_test";
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
};

/// A file with a pair of each kind, as the tests' own writer makes it.
std::string source_bytes(std::uint64_t alignment) {
  test::GgufWriter made;
  made.alignment = alignment;
  made.add("general.architecture", std::string("llama")).add("general.alignment", static_cast<std::uint32_t>(alignment));
  made.add("a.list", std::vector<std::string>{"x", "", "zwei"}).add("a.number", 2.5).add("a.flag", true);
  made.add("a.list.of.floats", std::vector<float>{1, 2, 3}).add("general.file_type", std::uint32_t{1});
  made.add_tensor("one", {3, 2}, 0, std::string(24, 'a')).add_tensor("two", {32}, 2, std::string(18, 'b'));
  return made.bytes();
}

}  // namespace

TEST_CASE("a file copied pair by pair and tensor by tensor reads as the original") {
  const Folder folder;
  for (const std::uint64_t alignment : {32u, 8u, 4096u}) {
    const auto bytes = source_bytes(alignment);
    const auto source = Gguf::open(MappedFile::from_bytes("source", std::as_bytes(std::span(bytes))));
    weft::GgufWriter writer;
    for (const auto& pair : source.pairs()) writer.set(pair);
    writer.set("general.file_type", 7);
    for (const auto& tensor : source.tensors.tensors()) writer.add({tensor.name, tensor.type, tensor.shape});
    const auto path = (folder.path / "copy.gguf").string();
    writer.write(path, [&](std::size_t i) { return source.tensors.tensors()[i].bytes; });

    const auto copy = Gguf::open(path);
    CHECK(copy.version() == 3);
    CHECK(copy.pairs().size() == source.pairs().size());
    CHECK(copy.integer("general.file_type") == 7);
    CHECK(copy.integer("general.alignment") == alignment);
    CHECK(copy.string("general.architecture") == "llama");
    CHECK(copy.strings("a.list") == std::vector<std::string_view>{"x", "", "zwei"});
    CHECK(copy.numbers("a.list.of.floats") == std::vector<float>{1, 2, 3});
    CHECK(copy.number("a.number") == 2.5);
    CHECK(copy.boolean("a.flag") == true);
    for (const auto& tensor : source.tensors.tensors()) {
      const auto& other = copy.tensors.at(tensor.name);
      CHECK(other.type == tensor.type);
      CHECK(other.shape == tensor.shape);
      CHECK(std::equal(tensor.bytes.begin(), tensor.bytes.end(), other.bytes.begin(), other.bytes.end()));
    }
  }
}

TEST_CASE("a file that cannot be finished does not appear, and what stood there stays") {
  const Folder folder;
  const auto path = (folder.path / "kept.gguf").string();
  std::ofstream(path) << "before";
  weft::GgufWriter writer;
  writer.add({"t", DType::f32, {4}});
  const std::vector<std::byte> short_of_one(15);
  CHECK_THROWS_WITH_AS(writer.write(path, [&](std::size_t) { return std::span<const std::byte>(short_of_one); }), doctest::Contains("15 bytes, expected 16"), Error);
  CHECK_THROWS_AS(writer.write(path, [&](std::size_t) -> std::span<const std::byte> { fail(ErrorKind::cancelled, "stop"); }), Error);
  std::string text;
  std::ifstream(path) >> text;
  CHECK(text == "before");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 1);
  CHECK_THROWS_AS(writer.write((folder.path / "no" / "such.gguf").string(), [&](std::size_t) { return std::span<const std::byte>(short_of_one); }), Error);
}

TEST_CASE("a tensor must be one that the format knows") {
  CHECK(bytes_of({"t", DType::q4_0, {3, 64}}) == 3 * 2 * 18);
  CHECK_THROWS_AS((void)bytes_of({"t", DType::q4_0, {3, 40}}), Error);
  CHECK_THROWS_AS((void)bytes_of({"t", DType::u8, {4}}), Error);
  CHECK_THROWS_AS((void)bytes_of({"t", DType::f32, {}}), Error);
  CHECK_THROWS_AS((void)bytes_of({"t", DType::f32, {1, 1, 1, 1, 1}}), Error);
  CHECK_THROWS_AS((void)bytes_of({"t", DType::f32, {4, 0}}), Error);
  CHECK_THROWS_AS((void)bytes_of({"t", DType::f32, {INT64_MAX, INT64_MAX}}), Error);
}
