// Steps against llama.cpp's samplers of the same name on the same logits (tests/scripts/llama_samplers.cpp).
#include <doctest/doctest.h>

#include "named_steps.hpp"
#include "sample/support.hpp"
#include "support/data.hpp"
#include "support/json.hpp"
#include "weft/io/gguf.hpp"
#include "weft/sample/adaptive_p.hpp"
#include "weft/sample/dry.hpp"
#include "weft/sample/dry_breakers.hpp"
#include "weft/sample/dynamic_temperature.hpp"
#include "weft/sample/mirostat.hpp"
#include "weft/sample/thinking_budget.hpp"
#include "weft/sample/top_n_sigma.hpp"
#include "weft/sample/xtc.hpp"
#include "weft/text/gguf_vocabulary.hpp"
#include "weft/text/tokenizer.hpp"

namespace {

using namespace weft;
using namespace weft::test;
using Runs = std::vector<std::vector<Token>>;

std::vector<json> cases_of(std::string_view step) {
  static const json golden = read_json(data("steps") / "llama_samplers.json");
  std::vector<json> cases;
  for (const auto& one : golden.at("cases"))
    if (one.at("step") == step) cases.push_back(one);
  REQUIRE(!cases.empty());
  return cases;
}

/// make(params): the step.
template <class Make>
void check_stateless(std::string_view name, Make make) {
  for (const auto& one : cases_of(name)) {
    const auto before = one.at("logits").get<std::vector<float>>();
    const auto tokens = one.at("tokens").get<std::vector<Token>>();
    CAPTURE(one.dump().substr(0, 100));
    const auto after = applied(make(one.at("params").get<std::vector<float>>()), before, {.history = tokens});
    check_equal(as_written(after, -1e30), one.at("output").get<std::vector<double>>(), before);
  }
}

/// The same, over calls that follow each other: the golden's token is what was chosen, whatever would have been here.
template <class Make>
void check_stateful(std::string_view name, double tolerance, Make make) {
  for (const auto& one : cases_of(name)) {
    auto step = make(one.at("params").get<std::vector<float>>());
    std::vector<Token> history{1, 2};
    std::size_t unchanged = 0;
    for (const auto& call : one.at("calls")) {
      auto logits = call.at("logits").get<std::vector<float>>();
      apply(step, std::span<float>(logits), {.history = history, .prompt_length = 2, .unchanged = unchanged});
      const auto found = plain_softmax(logits);
      const auto expected = call.at("probabilities").get<std::vector<double>>();
      double worst = 0;
      std::size_t survivors = 0;
      for (std::size_t i = 0; i < found.size(); ++i) {
        worst = std::max(worst, std::abs(found[i] - expected[i]));
        survivors += (found[i] > 0) != (expected[i] > 0);
      }
      CAPTURE(one.at("params").dump());
      CAPTURE(history.size());
      CHECK(worst < tolerance);
      CHECK(survivors == 0);
      unchanged = history.size();
      history.push_back(call.at("token").get<Token>());
    }
  }
}

/// Follows the text token by token; every penalty of the golden is found and no other.
void check_dry(const json& one, const Runs& breakers, std::size_t vocab) {
  const auto p = one.at("params").get<std::vector<double>>();
  DryOptions options;
  options.multiplier = static_cast<float>(p.at(0));
  options.base = static_cast<float>(p.at(1));
  options.allowed_length = static_cast<std::int64_t>(p.at(2));
  options.range = static_cast<std::int64_t>(p.at(3));
  options.breakers = breakers;
  auto step = dry(options);
  const auto text = one.at("tokens").get<std::vector<Token>>();
  const auto every = one.at("every").get<std::size_t>();
  std::map<std::pair<std::size_t, Token>, double> expected, found;
  for (const auto& penalty : one.at("penalties"))
    expected[{penalty.at(0).get<std::size_t>(), penalty.at(1).get<Token>()}] = penalty.at(2).get<double>();
  std::size_t unchanged = 0;
  for (std::size_t n = every; n <= text.size(); n += every) {
    std::vector<float> logits(vocab, 0);
    apply(step, std::span<float>(logits), {.history = std::span(text).first(n), .unchanged = unchanged});
    unchanged = n;
    for (std::size_t i = 0; i < vocab; ++i)
      if (logits[i] != 0) found[{n, static_cast<Token>(i)}] = -static_cast<double>(logits[i]);
  }
  REQUIRE(text.size() % every == 0);
  CAPTURE(one.dump().substr(0, 200));
  REQUIRE(found.size() == expected.size());
  for (const auto& [key, penalty] : expected) {
    REQUIRE(found.count(key) == 1);
    CHECK(near(found[key], penalty));
  }
}

}  // namespace

TEST_CASE("steps without a state give llama.cpp's survivors and logits") {
  check_stateless("top_n_sigma", [](const auto& p) { return top_n_sigma(p[0]); });
  check_stateless("xtc", [](const auto& p) { return xtc(p[0], p[1]); });
  check_stateless("dynamic_temperature", [](const auto& p) { return dynamic_temperature(p[0], p[1], p[2]); });
  check_stateless("frequency_penalty", [](const auto& p) { return frequency_penalty(p[0]); });
  check_stateless("presence_penalty", [](const auto& p) { return presence_penalty(p[0]); });
}

TEST_CASE("mirostat and adaptive-p follow the tokens that llama.cpp picked, step by step") {
  check_stateful("mirostat", 2e-5, [](const auto& p) { return mirostat(p[0], p[1], static_cast<std::int64_t>(p[2])); });
  check_stateful("mirostat_v2", 2e-5, [](const auto& p) { return mirostat_v2(p[0], p[1]); });
  check_stateful("adaptive_p", 2e-5, [](const auto& p) { return adaptive_p(p[0], p[1]); });
}

TEST_CASE("DRY penalises what llama.cpp's does, with breakers of tokens") {
  for (const auto& one : cases_of("dry")) check_dry(one, one.at("breakers").get<Runs>(), 6);
}

TEST_CASE("DRY penalises what llama.cpp's does, with breakers of text under real vocabularies") {
  for (const auto& one : cases_of("dry_strings")) {
    const auto name = one.at("vocabulary").get<std::string>();
    const auto path = name == "smollm2" ? smollm2_gguf() : golden_text() / "vocab" / ("ggml-vocab-" + name + ".gguf");
    if (!present(path, "dry_strings " + name)) continue;
    const Gguf file = Gguf::open(path);
    const Tokenizer tokenizer(read_vocabulary(file));
    check_dry(one, dry_breakers(tokenizer, one.at("breakers").get<std::vector<std::string>>()), tokenizer.size());
  }
}

TEST_CASE("the thinking budget forces what llama.cpp's reasoning budget does, to the token") {
  for (const auto& one : cases_of("thinking_budget")) {
    ThinkingBudgetOptions options;
    options.budget = one.at("budget").get<std::int64_t>();
    options.open = one.at("open").get<Runs>();
    options.close = one.at("close").get<Runs>();
    options.forced = one.at("forced").get<std::vector<Token>>();
    auto step = thinking_budget(options);
    const auto text = one.at("tokens").get<std::vector<Token>>();
    for (std::size_t n = 0; n < text.size(); ++n) {
      std::vector<float> logits(6, 1);
      apply(step, std::span<float>(logits), {.history = std::span(text).first(n), .unchanged = n == 0 ? 0 : n - 1});
      const auto left = std::count_if(logits.begin(), logits.end(), [](float x) { return x > -inf; });
      CAPTURE(n);
      REQUIRE((left == 1) == (one.at("was_forced").at(n).get<int>() == 1));
      if (left == 1) CHECK(logits[static_cast<std::size_t>(text[n])] == 0);
    }
  }
}
