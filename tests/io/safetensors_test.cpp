#include "weft/io/safetensors.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <string>

#include "support/errors.hpp"
#include "support/temporary_folder.hpp"
#include "weft/core/error.hpp"

using weft::Checkpoint;
using weft::test::TemporaryFolder;

namespace {

std::string file_of(const std::string& header, const std::string& data) {
  std::string length(8, '\0');
  const std::uint64_t size = header.size();
  std::memcpy(length.data(), &size, 8);
  return length + header + data;
}

std::string error_of(const std::string& bytes) {
  const TemporaryFolder folder;
  Checkpoint checkpoint;
  try {
    weft::read_safetensors(folder.write("x.safetensors", bytes), checkpoint);
  } catch (const weft::Error& error) {
    return error.what();
  }
  return "";
}

using weft::test::contains;

const std::string alpha = R"("alpha":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]})";

}  // namespace

TEST_CASE("tensors are read with dtype, shape and bytes; metadata and padding of the header are skipped") {
  const TemporaryFolder folder;
  Checkpoint checkpoint;
  const std::string header = R"({"__metadata__":{"format":"pt","n":"1"},"b":{"dtype":"BF16","shape":[],"data_offsets":[16,18]},)" + alpha + "}     ";
  weft::read_safetensors(folder.write("x.safetensors", file_of(header, std::string(16, 'a') + "bb")), checkpoint);
  CHECK(checkpoint.tensors().size() == 2);
  CHECK(checkpoint.at("alpha").shape == std::vector<std::int64_t>{2, 2});
  CHECK(checkpoint.at("alpha").type == weft::DType::f32);
  CHECK(checkpoint.at("b").shape.empty());
  CHECK(checkpoint.at("b").type == weft::DType::bf16);
  CHECK(checkpoint.at("b").bytes[1] == std::byte{'b'});
}

TEST_CASE("a tensor without elements and a file without tensors are valid") {
  CHECK(error_of(file_of(R"({"e":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]},)" + alpha + "}", std::string(16, 'a'))).empty());
  CHECK(error_of(file_of("{}", "")).empty());
}

TEST_CASE("a header that is no object of objects is refused") {
  for (const char* header : {"[]", "17", "\"text\"", "null", R"({"alpha":1})", R"({"alpha":[]})", R"({"alpha":{}})", R"({"alpha":{"dtype":"F32"}})", "{\"alpha\":"})
    CHECK_MESSAGE(contains(error_of(file_of(header, "")), "header"), header);
}

TEST_CASE("an entry with wrong or repeated fields is refused by the tensor's name") {
  const auto entry = [](const std::string& fields) { return error_of(file_of("{\"alpha\":{" + fields + "}}", std::string(16, 'a'))); };
  for (const char* fields : {R"("dtype":4,"shape":[2,2],"data_offsets":[0,16])", R"("dtype":"F32","shape":[2,2.5],"data_offsets":[0,16])",
                             R"("dtype":"F32","shape":[2,-2],"data_offsets":[0,16])", R"("dtype":"F32","shape":4,"data_offsets":[0,16])",
                             R"("dtype":"F32","shape":[2,2],"data_offsets":[0,16,16])", R"("dtype":"F32","shape":[2,2],"data_offsets":[16])",
                             R"("dtype":"F32","shape":[[2],2],"data_offsets":[0,16])", R"("dtype":"F32","shape":[2,2],"data_offsets":[16,0])",
                             R"("dtype":"F32","shape":[2,2],"shape":[2,2],"data_offsets":[0,16])", R"("dtype":["F32"],"shape":[2,2],"data_offsets":[0,16])",
                             R"("dtype":"F32","shape":{},"data_offsets":[0,16])", R"("dtype":"Q4_0","shape":[4],"data_offsets":[0,16])",
                             R"("dtype":"F32","shape":[0,4611686018427387904,4611686018427387904],"data_offsets":[0,0])",
                             R"("dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2,2],"data_offsets":[0,16])"})
    CHECK_MESSAGE(contains(entry(fields), "'alpha'"), fields);
  CHECK(entry(R"("dtype":"F32","shape":[2,2],"data_offsets":[0,16],"extra":{"deep":[1,{"x":null}]})").empty());
}

TEST_CASE("gaps and bytes at the end are refused") {
  CHECK(contains(error_of(file_of(R"({"alpha":{"dtype":"U8","shape":[4],"data_offsets":[1,5]}})", "12345")), "begins at byte 1"));
  CHECK(contains(error_of(file_of("{" + alpha + "}", std::string(17, 'a'))), "1 trailing bytes"));
}

TEST_CASE("headers that nest too deep are refused") {
  std::string deep = R"({"__metadata__":{"x":)";
  for (int i = 0; i < 100000; ++i) deep += '[';
  CHECK(contains(error_of(file_of(deep, "")), "deep"));
}

TEST_CASE("a folder is opened by its one file or by the shards of its index") {
  const TemporaryFolder folder;
  const auto tensor = [](const std::string& name) { return file_of("{\"" + name + R"(":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", "ab"); };
  folder.write("m-1.safetensors", tensor("one"));
  folder.write("m-2.safetensors", tensor("two"));
  const auto open_with = [&](const std::string& index) -> std::string {
    folder.write("model.safetensors.index.json", index);
    try {
      const Checkpoint checkpoint = weft::open_hf_checkpoint(folder.path());
      return std::to_string(checkpoint.tensors().size()) + " in " + std::to_string(checkpoint.files.size());
    } catch (const weft::Error& error) {
      return error.what();
    }
  };
  CHECK(open_with(R"({"metadata":{"total_size":4},"weight_map":{"one":"m-1.safetensors","two":"m-2.safetensors"}})") == "2 in 2");
  CHECK(contains(open_with(R"({"weight_map":{"one":"m-1.safetensors","three":"m-2.safetensors"}})"), "'three'"));
  CHECK(contains(open_with(R"({"weight_map":{"one":"m-3.safetensors"}})"), "m-3.safetensors"));
  CHECK(contains(open_with(R"({"weight_map":{"one":"../m-1.safetensors"}})"), "same folder"));
  CHECK(contains(open_with(R"({"weight_map":{"one":"/etc/passwd"}})"), "same folder"));
  CHECK(contains(open_with(R"({"weight_map":{"one":7}})"), "'one'"));
  CHECK(contains(open_with(R"({"weight_map":{"one":"m-1.safetensors","one":"m-2.safetensors"}})"), "duplicate tensor 'one'"));
  CHECK(contains(open_with(R"({"weight_map":[]})"), "weight_map"));
  CHECK(contains(open_with("{}"), "weight_map"));
  folder.write("m-2.safetensors", tensor("one"));
  CHECK(contains(open_with(R"({"weight_map":{"one":"m-1.safetensors","two":"m-2.safetensors"}})"), "duplicate tensor 'one'"));
  folder.write("model.safetensors", tensor("whole"));
  CHECK(open_with("{}") == "1 in 1");
}

TEST_CASE("a folder without safetensors is refused with what it lacks") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS((void)weft::open_hf_checkpoint(folder.path()), weft::Error);
  folder.write("pytorch_model.bin", "pickle");
  try {
    (void)weft::open_hf_checkpoint(folder.path());
    FAIL("no error");
  } catch (const weft::Error& error) {
    CHECK(error.kind() == weft::ErrorKind::unsupported);
  }
}
