// Saved sequences: what is restored goes on with the same bits, and nothing else is ever restored.
#include "weft/model/saved_sequence.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <optional>
#include <random>

#include "support/backends.hpp"
#include "support/bits.hpp"
#include "support/errors.hpp"
#include "support/golden_model.hpp"
#include "support/saved_file.hpp"
#include "support/temporary_folder.hpp"
#include "weft/instances.hpp"
#include "weft/model/batch.hpp"

namespace {

using namespace weft;
using test::content;
using test::forged;
using test::same_bits;
using test::random_tokens;

const char* const saved_models[] = {"blocks32.gguf", "blocks256.gguf", "floats.gguf"};

std::optional<ErrorKind> kind_of_restoring(const Model<Cpu<>>& model, const std::string& path) {
  try {
    static_cast<void>(model.restore(path));
  } catch (const Error& error) {
    return error.kind();
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE_TEMPLATE(
    "a restored sequence is the saved one: its options, tokens and logits, and what follows, forks and rewinds", B,
    WEFT_TEST_BACKENDS) {
  if (!test::usable<B>()) return;
  const test::TemporaryFolder folder;
  const auto path = (folder.path() / "sequence").string();
  for (const auto& [file, type] : {std::pair{saved_models[0], KvType::f32}, {saved_models[1], KvType::f16}, {saved_models[2], KvType::q8}}) {
    const Model<B> model(test::data("models") / file);
    const std::string name = file;
    const KvType kv = type;
    CAPTURE(name);
    for (const std::size_t length : {1u, 15u, 16u, 17u, 300u}) {
      CAPTURE(length);
      Sequence<B> sequence(model, {.kv_type = kv, .context = 400, .kv_bytes = std::size_t{1} << 30});
      sequence.append(random_tokens(length, model.vocab_size(), 1));
      sequence.save(path);
      auto restored = model.restore(path);
      CHECK(restored.capacity() == 400);
      CHECK(restored.kv_type() == kv);
      CHECK(restored.pages().budget() == std::size_t{1} << 30);
      CHECK(std::ranges::equal(restored.tokens(), sequence.tokens()));
      CHECK(same_bits(restored.logits(), sequence.logits()));
      const auto more = random_tokens(20, model.vocab_size(), 2);
      auto fork = restored.fork();
      sequence.append(more);
      restored.append(more);
      CHECK(same_bits(restored.logits(), sequence.logits()));
      CHECK(restored.score(more) == sequence.score(more));
      fork.append({3});
      sequence.rewind(length - 1);
      restored.rewind(length - 1);
      sequence.append(more);
      restored.append(more);
      CHECK(same_bits(restored.logits(), sequence.logits()));
      fork.rewind(length);
      fork.append(more);
      sequence.rewind(0);
      sequence.append(random_tokens(length, model.vocab_size(), 1));
      sequence.append(more);
      CHECK(same_bits(fork.logits(), sequence.logits()));
    }
  }
}

TEST_CASE("empty sequences and those without logits after a rewind are saved too, and what lies beside comes back") {
  const test::TemporaryFolder folder;
  const auto path = (folder.path() / "sequence").string();
  const Model<Cpu<>> model(test::data("models") / "floats.gguf");
  Sequence<Cpu<>> sequence(model);
  sequence.save(path);
  auto restored = model.restore(path);
  CHECK(restored.empty());
  restored.append({1, 2, 3});
  sequence.append({1, 2, 3, 4, 5});
  sequence.rewind(3);
  const std::vector<std::byte> note{std::byte{7}, std::byte{0}, std::byte{9}};
  sequence.save(path, note);
  std::vector<std::byte> beside;
  auto rewound = model.restore(path, &beside);
  CHECK(beside == note);
  CHECK(same_bits(rewound.logits(), restored.logits()));
}

TEST_CASE("a file holds nothing of what was taken back: equal sequences are equal files") {
  const test::TemporaryFolder folder;
  const auto a = (folder.path() / "a").string(), b = (folder.path() / "b").string();
  const Model<Cpu<>> model(test::data("models") / "blocks32.gguf");
  for (const auto type : {KvType::f32, KvType::f16, KvType::q8}) {
    Sequence<Cpu<>> plain(model, {.kv_type = type}), detour(model, {.kv_type = type});
    plain.append({1, 2, 3, 4});
    detour.append({1, 2, 3});
    detour.append(random_tokens(40, model.vocab_size(), 3));
    detour.rewind(3);
    detour.append({4});
    plain.save(a);
    detour.save(b);
    CHECK(content(a) == content(b));
  }
}

TEST_CASE("a sequence saved on one backend goes on on another, with that backend's bits") {
  const test::TemporaryFolder folder;
  const auto path = (folder.path() / "sequence").string();
  const Model<Cpu<cpu::Scalar>> scalar(test::data("models") / "blocks32.gguf");
  const Model<Cpu<>> best(test::data("models") / "blocks32.gguf");
  const Model<Reference> reference(test::data("models") / "blocks32.gguf");
  CHECK(scalar.fingerprint() == best.fingerprint());
  CHECK(scalar.fingerprint() == reference.fingerprint());
  Sequence<Cpu<cpu::Scalar>> sequence(scalar);
  sequence.append({1, 2, 3, 4, 5});
  sequence.save(path);
  auto moved = best.restore(path);
  sequence.append({6});
  moved.append({6});
  CHECK(same_bits(moved.logits(), sequence.logits()));  // all instruction sets give the same bits
  auto referred = reference.restore(path);
  referred.append({6});
  CHECK(referred.logits()[0] == doctest::Approx(sequence.logits()[0]).epsilon(0.05));
}

TEST_CASE("fingerprints tell models apart, down to one byte of one weight") {
  const test::TemporaryFolder folder;
  const auto path = (folder.path() / "sequence").string();
  const Model<Cpu<>> model(test::data("models") / "floats.gguf");
  auto bytes = content((test::data("models") / "floats.gguf").string());
  bytes[bytes.size() - 64] ^= 1;
  const Model<Cpu<>> changed(folder.write("changed.gguf", bytes).string());
  CHECK(changed.fingerprint() != model.fingerprint());
  Sequence<Cpu<>> sequence(model);
  sequence.append({1, 2});
  sequence.save(path);
  CHECK(kind_of_restoring(changed, path) == ErrorKind::argument);
  CHECK(test::contains(test::message_of([&] { static_cast<void>(changed.restore(path)); }), "another model"));
  std::vector<std::uint64_t> all;
  for (const auto& golden : test::golden_folders()) all.push_back(Model<Cpu<>>(golden.string()).fingerprint());
  for (const auto* name : saved_models) all.push_back(Model<Cpu<>>(test::data("models") / name).fingerprint());
  std::sort(all.begin(), all.end());
  CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
}

TEST_CASE("every flipped bit, every cut and every extension of a file is refused as damage") {
  const test::TemporaryFolder folder;
  const auto path = (folder.path() / "sequence").string();
  const Model<Cpu<>> model(test::data("models") / "floats.gguf");
  Sequence<Cpu<>> sequence(model, {.kv_type = KvType::q8});
  sequence.append({1, 2, 3});
  sequence.save(path);
  const auto whole = content(path);
  const auto refused = [&](const std::string& bytes) {
    return kind_of_restoring(model, folder.write("damaged", bytes).string()) == ErrorKind::format;
  };
  for (std::size_t i = 0; i < whole.size(); ++i) {
    auto bytes = whole;
    bytes[i] = static_cast<char>(bytes[i] ^ (1 << (i % 8)));
    CAPTURE(i);
    REQUIRE(refused(bytes));
  }
  for (std::size_t size = 0; size < whole.size(); size += 1 + size / 16) REQUIRE(refused(whole.substr(0, size)));
  CHECK(refused(whole + '\0'));
  CHECK(refused(whole + whole));
  CHECK_FALSE(kind_of_restoring(model, path).has_value());
}

TEST_CASE("a forged file, whose checksum fits, is an error or a sequence, and never memory beyond its size") {
  const test::TemporaryFolder folder;
  const auto path = (folder.path() / "sequence").string();
  const Model<Cpu<>> model(test::data("models") / "floats.gguf");
  Sequence<Cpu<>> sequence(model);
  sequence.append({1, 2, 3});
  sequence.save(path, std::vector<std::byte>(5));
  const auto whole = content(path);
  std::mt19937 random(5);
  for (std::size_t i = 0; i + 8 < whole.size(); i += i < 300 ? 1 : 97)
    for (const int value : {0, 1, 0x7F, 0x80, 0xFF}) {
      auto bytes = whole;
      bytes[i] = static_cast<char>(value);
      CAPTURE(i);
      try {
        auto restored = model.restore(folder.write("forged", forged(bytes)).string());
        CHECK(restored.size() <= whole.size());
      } catch (const Error& error) {
        CHECK(std::string_view(error.what()).size() > 10);
      }
    }
  for (std::size_t size = 48; size < whole.size(); size += 1 + size / 8) {
    auto bytes = whole.substr(0, size);
    const std::uint64_t said = size;
    std::memcpy(bytes.data() + 16, &said, 8);
    CHECK(kind_of_restoring(model, folder.write("forged", forged(bytes)).string()) == ErrorKind::format);
  }
}

TEST_CASE("what is no saved sequence says so, and a place that cannot be written to keeps what is there") {
  const test::TemporaryFolder folder;
  const Model<Cpu<>> model(test::data("models") / "floats.gguf");
  CHECK(test::contains(
      test::message_of([&] { static_cast<void>(model.restore((test::data("models") / "floats.gguf").string())); }),
      "no saved sequence"));
  CHECK(kind_of_restoring(model, (folder.path() / "missing").string()) == ErrorKind::file);
  Sequence<Cpu<>> sequence(model);
  sequence.append({1});
  CHECK_THROWS_AS(sequence.save(folder.path().string()), Error);
  CHECK_THROWS_AS(sequence.save((folder.path() / "no" / "such").string()), Error);
  sequence.append({2});
  CHECK(sequence.size() == 2);
}
