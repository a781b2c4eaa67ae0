// Loading: progress, cancellation, refusals; and the bits that every compiler must give.
#include "weft/model/model.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "support/backends.hpp"
#include "weft/instances.hpp"
#include "weft/model/sequence.hpp"

namespace {

using namespace weft;

/// FNV-1a over the bytes of a span.
std::uint64_t hash_of(std::span<const float> values) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const float value : values) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    for (int shift = 0; shift < 32; shift += 8) hash = (hash ^ (bits >> shift & 0xffu)) * 0x100000001b3u;
  }
  return hash;
}

}  // namespace

TEST_CASE("progress rises to the whole and a cancelled load says so") {
  const auto path = test::data("models") / "blocks32.gguf";
  std::size_t last = 0, all = 0;
  LoadOptions options;
  options.progress = [&](std::size_t done, std::size_t total) {
    CHECK(done >= last);
    last = done, all = total;
  };
  const Model<Cpu<>> model(path, options);
  CHECK(last == all);
  CHECK(all > 100000);
  std::stop_source stop;
  stop.request_stop();
  options.cancel = stop.get_token();
  try {
    const Model<Cpu<>> cancelled(path, options);
    FAIL("not cancelled");
  } catch (const Error& e) {
    CHECK(e.kind() == ErrorKind::cancelled);
  }
}

TEST_CASE("activations have 8 bits or 16") {
  const auto path = test::data("models") / "blocks32.gguf";
  CHECK(Model<Cpu<>>(path).activation_bits() == 8);
  CHECK(Model<Cpu<>>(path, {.activation_bits = 16}).activation_bits() == 16);
  CHECK_THROWS_WITH_AS((Model<Cpu<>>(path, {.activation_bits = 4})), doctest::Contains("expected 8 or 16"), Error);
}

TEST_CASE("models share a pool that is handed to them") {
  const auto pool = std::make_shared<ThreadPool>(2);
  LoadOptions options;
  options.pool = pool;
  const Model<Cpu<>> a(test::data("models") / "floats.gguf", options), b(test::data("models") / "blocks32.gguf", options);
  CHECK(&a.pool() == pool.get());
  CHECK(&b.pool() == pool.get());
}

TEST_CASE("a missing file is an error that names it") {
  try {
    const Model<Cpu<>> model("no/such/model.gguf");
    FAIL("loaded");
  } catch (const Error& e) {
    CHECK(e.kind() == ErrorKind::file);
    CHECK(std::string(e.what()).find("no/such/model.gguf") != std::string::npos);
  }
}

// Committed once, by g++ -O2; any other compiler, optimisation level or instruction set must give the same.
TEST_CASE_TEMPLATE("the logits are the committed bits", B, WEFT_TEST_CPUS) {
  if (!test::usable<B>()) return;
  struct Case {
    const char* name;
    int activation_bits;
    std::uint64_t hash;
  };
  const Case cases[] = {{"blocks32.gguf", 8, 7082697084832982091u},   {"blocks32.gguf", 16, 12700321639041262327u},
                        {"blocks256.gguf", 8, 1876945884402041429u},  {"blocks256.gguf", 16, 8989003260059625958u},
                        {"floats.gguf", 8, 18158442133122950445u},    {"floats.gguf", 16, 18158442133122950445u}};
  for (const auto& expected : cases) {
    CAPTURE(std::string(expected.name));
    CAPTURE(expected.activation_bits);
    const Model<B> model(test::data("models") / expected.name, {.activation_bits = expected.activation_bits});
    std::vector<Token> tokens(300);
    for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<Token>((i * i + 7 * i) % static_cast<std::size_t>(model.vocab_size()));
    Sequence<B> sequence(model);
    sequence.append(tokens);
    CHECK(hash_of(sequence.logits()) == expected.hash);
  }
}
