// Every step against Hugging Face's logits processor of the same name, alone and in chains (goldens, decoding/).
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "support/data.hpp"
#include "weft/sample/parameters.hpp"

namespace {

using namespace weft;
using nlohmann::json;

/// Applies the step that Hugging Face calls `name`; false if the library has none.
bool apply_named(const std::string& name, const json& p, std::span<float> logits, StepContext context) {
  const auto with = [&](auto step) {
    prepare(step, logits.size(), context.history.size());
    apply(step, logits, context);
    return true;
  };
  if (name == "temperature") return with(temperature(p.at("temperature").get<float>()));
  if (name == "top_k") return with(top_k(p.at("top_k").get<std::int64_t>()));
  if (name == "top_p") return with(top_p(p.at("top_p").get<float>()));
  if (name == "min_p") return with(min_p(p.at("min_p").get<float>()));
  if (name == "repetition_penalty") return with(repetition_penalty(p.at("penalty").get<float>()));
  if (name == "no_repeat_ngram") return with(no_repeat_ngram(p.at("ngram_size").get<std::int64_t>()));
  if (name == "suppress_tokens") {
    std::vector<TokenBias> biases;
    for (const auto& id : p.at("suppress_tokens")) biases.push_back({id.get<Token>(), -HUGE_VALF});
    return with(bias(std::move(biases)));
  }
  if (name == "min_new_tokens") {
    const std::vector<Token> ends{p.at("eos_token_id").get<Token>()};
    context.end_tokens = ends;
    // Hugging Face counts from a given prompt length; a history that is shorter has no new tokens
    context.prompt_length = std::min(context.history.size(), p.at("prompt_length_to_skip").get<std::size_t>());
    return with(min_new_tokens(p.at("min_new_tokens").get<std::int64_t>()));
  }
  return false;
}

bool near(double a, double b) { return std::abs(a - b) <= 1e-5 * std::max(1.0, std::abs(b)); }

/// Values in order of id; where the input has equals, which of them survive a border is not stated: then their number
/// and values count.
void check_equal(std::vector<double> found, std::vector<double> expected, const std::vector<float>& input) {
  REQUIRE(found.size() == expected.size());
  std::map<float, int> times;
  for (const float x : input) ++times[x];
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < found.size(); ++i) wrong += !near(found[i], expected[i]) && times[input[i]] == 1;
  CHECK(wrong == 0);
  std::sort(found.begin(), found.end());
  std::sort(expected.begin(), expected.end());
  for (std::size_t i = 0; i < found.size(); ++i) wrong += !near(found[i], expected[i]);
  CHECK(wrong == 0);
}

std::vector<json> steps_of(const json& one) {
  if (one.contains("chain")) return one.at("chain").get<std::vector<json>>();
  return {one};
}

std::string name_of(const json& one) {
  std::string name;
  for (const auto& s : steps_of(one)) name += (name.empty() ? "" : " | ") + s.at("step").get<std::string>();
  return name;
}

}  // namespace

TEST_CASE("steps change logits as Hugging Face's processors do") {
  const auto path = test::goldens() / "decoding" / "processors.json";
  if (!test::present(path, "processors.json")) return;
  std::ifstream file(path);
  const auto golden = json::parse(file);
  const double excluded = golden.at("neg_inf").get<double>();
  std::size_t checked = 0;
  std::map<std::string, int> skipped;
  for (const auto& one : golden.at("cases")) {
    const auto& input = golden.at("inputs").at(one.at("input").get<std::size_t>());
    const auto ids = input.at("ids").get<std::vector<Token>>();
    const auto before = input.at("logits").get<std::vector<float>>();
    auto logits = before;
    StepContext context;
    context.history = ids;
    bool known = true;
    for (const auto& s : steps_of(one))
      known = known && apply_named(s.at("step").get<std::string>(), s.at("params"), logits, context);
    if (!known) {
      ++skipped[name_of(one)];
      continue;
    }
    CAPTURE(name_of(one));
    CAPTURE(one.at("input").get<int>());
    std::vector<double> found;
    for (const float x : logits) found.push_back(std::isinf(x) ? excluded : static_cast<double>(x));
    check_equal(found, one.at("output").get<std::vector<double>>(), before);
    if (one.contains("probabilities")) {
      log_softmax(logits);
      std::vector<double> probabilities;
      for (const float x : logits) probabilities.push_back(std::exp(static_cast<double>(x)));
      check_equal(probabilities, one.at("probabilities").get<std::vector<double>>(), before);
    }
    ++checked;
  }
  for (const auto& [name, count] : skipped)
    test::skip("processors: " + name, "no such step yet (" + std::to_string(count) + " cases)");
  MESSAGE("processors.json: ", checked, " cases checked");
  CHECK(checked > 0);
}
