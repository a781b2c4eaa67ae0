// Every step against Hugging Face's logits processor of the same name, alone and in chains (goldens, decoding/).
#include <doctest/doctest.h>

#include <map>

#include "named_steps.hpp"
#include "support/data.hpp"
#include "support/json.hpp"
#include "weft/sample/softmax.hpp"

namespace {

using namespace weft;
using namespace weft::test;

std::vector<json> steps_of(const json& one) {
  if (one.contains("chain")) return one.at("chain").get<std::vector<json>>();
  return {one};
}

std::string name_of(const json& one) {
  std::string name;
  for (const auto& s : steps_of(one)) name += (name.empty() ? "" : " | ") + s.at("step").get<std::string>();
  return name;
}

/// Runs every case of a file of processors; what the library has no step for is skipped and counted.
void check_file(const std::filesystem::path& path, const char* name) {
  if (!present(path, name)) return;
  const auto golden = read_json(path);
  const double excluded = golden.at("neg_inf").get<double>();
  std::size_t checked = 0;
  std::map<std::string, int> unknown;
  for (const auto& one : golden.at("cases")) {
    const auto& input = golden.at("inputs").at(one.at("input").get<std::size_t>());
    const auto ids = input.at("ids").get<std::vector<Token>>();
    const auto before = input.at("logits").get<std::vector<float>>();
    auto logits = before;
    StepContext context;
    context.history = ids;
    bool known = true;
    for (const auto& s : steps_of(one))
      known = known && with_named(s.at("step").get<std::string>(), s.at("params"), context,
                                  [&](auto made, const StepContext& its) {
                                    prepare(made, logits.size(), ids.size());
                                    apply(made, std::span<float>(logits), its);
                                  });
    if (!known) {
      ++unknown[name_of(one)];
      continue;
    }
    CAPTURE(name_of(one));
    CAPTURE(one.dump().substr(0, 200));
    check_equal(as_written(logits, excluded), one.at("output").get<std::vector<double>>(), before);
    if (one.contains("probabilities")) {
      log_softmax(logits);
      std::vector<double> probabilities;
      for (const float x : logits) probabilities.push_back(std::exp(static_cast<double>(x)));
      check_equal(probabilities, one.at("probabilities").get<std::vector<double>>(), before);
    }
    ++checked;
  }
  for (const auto& [step, count] : unknown)
    skip(std::string(name) + ": " + step, "no such step yet (" + std::to_string(count) + " cases)");
  MESSAGE(std::string(name), ": ", checked, " cases checked");
  CHECK(checked > 0);
}

}  // namespace

TEST_CASE("steps change logits as Hugging Face's processors do") {
  check_file(goldens() / "decoding" / "processors.json", "processors.json");
}

TEST_CASE("steps change logits as the processors of transformers 5 and the penalties of vLLM do") {
  check_file(data("steps") / "processors.json", "steps/processors.json");
}
