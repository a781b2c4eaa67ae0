#include "weft/io/raw_tensor.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/errors.hpp"

using weft::Checkpoint;
using weft::DType;
using weft::test::contains;
using weft::test::message_of;

TEST_CASE("tensors keep the order in which they were added, and are found by their whole name alone") {
  Checkpoint checkpoint;
  for (const char* name : {"b", "a.weight", "a"}) checkpoint.add({name, DType::f32, {2, 3}, {}});
  REQUIRE(checkpoint.tensors().size() == 3);
  CHECK(checkpoint.tensors()[0].name == "b");
  CHECK(checkpoint.tensors()[2].name == "a");
  CHECK(checkpoint.find("a.weight") == &checkpoint.tensors()[1]);
  CHECK(&checkpoint.at("a") == &checkpoint.tensors()[2]);
  for (const char* name : {"", "a.", "a.weigh", "B"}) CHECK(checkpoint.find(name) == nullptr);
}

TEST_CASE("a name that is taken is refused with the file and leaves the first tensor; a name that is missing is said with it too") {
  Checkpoint checkpoint;
  checkpoint.source = "some.gguf";
  checkpoint.add({"twice", DType::f32, {1}, {}});
  const auto taken = message_of([&] { checkpoint.add({"twice", DType::f16, {9}, {}}); });
  CHECK(contains(taken, "some.gguf"));
  CHECK(contains(taken, "duplicate tensor 'twice'"));
  CHECK(checkpoint.tensors().size() == 1);
  CHECK(checkpoint.at("twice").type == DType::f32);
  const auto missing = message_of([&] { (void)checkpoint.at("o\nther"); });
  CHECK(contains(missing, "some.gguf: tensor 'o\\x0ather' is missing"));
}

TEST_CASE("a name is found however many are added after it, and in a copy too") {
  Checkpoint checkpoint;
  for (int i = 0; i < 100; ++i) checkpoint.add({"t" + std::to_string(i), DType::f32, {i}, {}});
  const Checkpoint copy = checkpoint;
  checkpoint = {};
  for (int i = 0; i < 100; ++i) CHECK(copy.at("t" + std::to_string(i)).shape == std::vector<std::int64_t>{i});
  CHECK(checkpoint.find("t0") == nullptr);
}
