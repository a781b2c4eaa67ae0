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
  const std::pair<const char*, std::uint64_t> expected[] = {{"blocks32.gguf", 7082697084832982091u},
                                                              {"blocks256.gguf", 1876945884402041429u},
                                                              {"floats.gguf", 18158442133122950445u}};
  for (const auto& entry : expected) {
    const std::string name = entry.first;
    CAPTURE(name);
    const Model<B> model(test::data("models") / name);
    std::vector<Token> tokens(300);
    for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<Token>((i * i + 7 * i) % static_cast<std::size_t>(model.vocab_size()));
    Sequence<B> sequence(model);
    sequence.append(tokens);
    CHECK(hash_of(sequence.logits()) == entry.second);
  }
}
