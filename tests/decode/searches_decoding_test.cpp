// Greedy and beam searches on the tiny models against Hugging Face's generate: the same tokens, the same scores.
#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "support/data.hpp"
#include "weft/backend/reference.hpp"
#include "weft/decode/generate.hpp"
#include "weft/model/batch.hpp"
#include "weft/sample/parameters.hpp"

namespace {

using namespace weft;
using nlohmann::json;

Options options_of(const json& p) {
  Options options;
  options.max_tokens = p.at("max_new_tokens").get<std::int64_t>();
  options.ignore_end_tokens = true;
  if (!p.at("eos_token_id").is_null()) options.stop_tokens = {p.at("eos_token_id").get<Token>()};
  return options;
}

SamplingParameters parameters_of(const json& p) {
  SamplingParameters made;
  made.repetition_penalty = p.value("repetition_penalty", 1.0f);
  made.no_repeat_ngram = p.value("no_repeat_ngram_size", std::int64_t{0});
  made.min_new_tokens = p.value("min_new_tokens", std::int64_t{0});
  made.temperature = 0;
  return made;
}

BeamOptions beam_of(const json& p) {
  BeamOptions made;
  made.width = p.at("num_beams").get<std::int64_t>();
  made.returned = p.at("num_return_sequences").get<std::int64_t>();
  made.length_penalty = p.value("length_penalty", 1.0f);
  const json early = p.value("early_stopping", json(false));
  made.early_stopping = early.is_string()  ? EarlyStopping::never
                        : early.get<bool>() ? EarlyStopping::when_width_finished
                                            : EarlyStopping::heuristic;
  return made;
}

/// Sequences are padded with 0 after the end.
std::vector<Token> padded(std::vector<Token> tokens, std::size_t length) {
  tokens.resize(std::max(length, tokens.size()), 0);
  return tokens;
}

template <class S>
void check(const S& prompt, const json& one) {
  const auto& p = one.at("params");
  const auto expected = one.at("sequences").get<std::vector<std::vector<Token>>>();
  std::vector<Result> results;
  if (one.at("kind") == "greedy")
    results = generate(prompt, chain_from(parameters_of(p)), options_of(p));
  else if (p.contains("repetition_penalty") || p.contains("no_repeat_ngram_size") || p.contains("min_new_tokens"))
    results = generate(prompt, steps_from(parameters_of(p)) | beam(beam_of(p)), options_of(p));
  else
    results = generate(prompt, beam(beam_of(p)), options_of(p));
  REQUIRE(results.size() == expected.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    CHECK(padded(results[i].tokens, expected[i].size()) == expected[i]);
    if (one.contains("scores"))
      CHECK(std::abs(results[i].score - one.at("scores").at(i).get<double>()) <= 1e-4);
  }
}

}  // namespace

TEST_CASE("greedy and beam search give the sequences and scores of Hugging Face") {
  const auto path = test::goldens() / "decoding" / "searches.json";
  if (!test::present(path, "searches.json")) return;
  std::ifstream file(path);
  std::map<std::string, std::unique_ptr<Model<Reference>>> models;
  std::map<std::string, int> skipped;
  std::size_t checked = 0;
  for (const auto& one : json::parse(file)) {
    const auto kind = one.at("kind").get<std::string>(), name = one.at("model").get<std::string>();
    if (kind != "greedy" && kind != "beam") {
      ++skipped[kind];
      continue;
    }
    auto& model = models[name];
    if (!model) model = std::make_unique<Model<Reference>>(test::goldens() / name);
    Sequence<Reference> prompt(*model, {.kv_type = KvType::f32});
    prompt.append(one.at("prompt").get<std::vector<Token>>());
    CAPTURE(one.at("params").dump());
    CAPTURE(name);
    check(prompt, one);
    ++checked;
  }
  for (const auto& [kind, count] : skipped)
    test::skip("searches: " + kind, "no such search yet (" + std::to_string(count) + " cases)");
  MESSAGE("searches.json: ", checked, " cases checked");
  CHECK(checked > 0);
}
