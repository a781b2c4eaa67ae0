// Damaged model files, as a user meets them: load, generate, and go on with the next file.
#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "support/data.hpp"
#include "support/json.hpp"
#include "weft/decode/generate.hpp"
#include "weft/model/batch.hpp"
#include "weft/instances.hpp"

namespace {

using namespace weft;
using Best = Cpu<>;

std::string lower(std::string text) {
  for (auto& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

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
    const auto index = test::read_json(test::hostile() / "index.json");
    const std::vector<Token> continuation{31, 31, 31, 48, 58, 31, 48, 58, 31, 48, 58, 5};
    int rejected = 0, named = 0;
    for (const auto& entry : index.at("cases")) {
      const std::string file = entry.at("file"), family = entry.at("family"), expect = entry.at("expect");
      auto path = test::hostile() / file;
      // A folder is one model; a lone safetensors file has no config.json and is the readers' affair.
      if (family == "safetensors" && path.filename() != "config.json") continue;
      if (family != "gguf" && family != "safetensors") continue;
      if (family == "safetensors") path = path.parent_path();
      CAPTURE(file);
      const auto outcome = try_case(path);
      CAPTURE(outcome.error.value_or("accepted"));
      CHECK(outcome.seconds <= 10 * entry.at("limit_s").get<double>());
      if (expect == "accept") {
        CHECK_FALSE(outcome.error.has_value());
        CHECK(use(path) == continuation);
      }
      if (expect == "reject") CHECK(outcome.error.has_value());
      if (!outcome.error || expect != "reject") continue;
      ++rejected;
      for (const auto& name : entry.at("error_names"))
        if (lower(*outcome.error).find(lower(name)) != std::string::npos) {
          ++named;
          break;
        }
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
