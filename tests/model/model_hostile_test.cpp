// Damaged model files, as a user meets them: load, generate, and go on with the next file.
#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "support/hostile.hpp"
#include "weft/decode/generate.hpp"
#include "weft/model/batch.hpp"
#include "weft/instances.hpp"

namespace {

using namespace weft;
using Best = Cpu<>;

/// Loads and generates a little. A model without a stated context gets one.
std::vector<Token> use(const std::filesystem::path& path) {
  const Model<Best> model(path);
  Sequence<Best> sequence(model, {.kv_type = KvType::f32, .context = 64});
  const std::vector<Token> prompt{56, 3, 49};
  const auto results = generate(std::move(sequence), prompt, greedy(), {.max_tokens = 12, .ignore_end_tokens = true});
  for (const auto token : results.front().tokens) CHECK((token >= 0 && token < model.vocab_size()));
  return results.front().tokens;
}

struct Outcome {
  std::optional<std::string> error;
  double seconds = 0;
};

Outcome try_case(const std::filesystem::path& path) {
  const auto start = std::chrono::steady_clock::now();
  Outcome outcome;
  try {
    (void)use(path);
  } catch (const Error& e) {
    outcome.error = e.what();
  }
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return outcome;
}

}  // namespace

TEST_SUITE("hostile") {
  TEST_CASE("a damaged GGUF or safetensors model is refused with a clear error, and the next one loads") {
    const std::vector<Token> continuation{31, 31, 31, 48, 58, 31, 48, 58, 31, 48, 58, 5};
    int rejected = 0, named = 0;
    // A folder is one model; a lone safetensors file has no config.json and is the readers' affair.
    const auto ours = [](const test::HostileCase& c) { return c.family == "gguf" || (c.family == "safetensors" && c.path.filename() == "config.json"); };
    for (const auto& one : test::hostile_cases("hostile models", ours)) {
      const auto path = one.family == "safetensors" ? one.path.parent_path() : one.path;
      CAPTURE(one.file);
      const auto outcome = try_case(path);
      CAPTURE(outcome.error.value_or("accepted"));
      CHECK(outcome.seconds <= 10 * one.seconds);
      if (one.expect == "accept") {
        CHECK_FALSE(outcome.error.has_value());
        CHECK(use(path) == continuation);
      }
      if (one.expect == "reject") CHECK(outcome.error.has_value());
      if (!outcome.error || one.expect != "reject") continue;
      ++rejected;
      if (one.named_by(*outcome.error)) ++named;
      CHECK(use(test::hostile() / "gguf/valid_tiny.gguf") == continuation);
    }
    CHECK(rejected > 0);
    CHECK(named >= 0.95 * rejected);
  }

  TEST_CASE("a model that does not say its context has to be given one") {
    const auto path = test::hostile() / "gguf/context_0.gguf";
    if (!test::present(path, "context_0")) return;
    const Model<Best> model(path);
    CHECK_THROWS_AS(Sequence<Best>{model}, Error);
    CHECK(Sequence<Best>(model, {.context = 8}).capacity() == 8);
  }
}
