// Searches on the tiny models against Hugging Face's generate: the same tokens, the same scores.
#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "decode/oracle_drafter.hpp"
#include "support/data.hpp"
#include "support/same_result.hpp"
#include "weft/backend/reference.hpp"
#include "weft/decode/beam.hpp"
#include "weft/decode/contrastive_search.hpp"
#include "weft/decode/dola.hpp"
#include "weft/decode/draft_model.hpp"
#include "weft/decode/generate.hpp"
#include "weft/decode/guidance.hpp"
#include "weft/decode/speculative_beam.hpp"
#include "weft/decode/suffix_drafter.hpp"
#include "weft/model/batch.hpp"
#include "weft/sample/parameters.hpp"
#include "weft/sample/steps.hpp"

namespace {

using namespace weft;
using nlohmann::json;
using test::AnyDrafter;

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

ForcedPhrase phrase_of(const json& words) {
  ForcedPhrase made;
  if (words.at(0).is_array())
    made.any_of = words.get<std::vector<std::vector<Token>>>();
  else
    made.any_of = {words.get<std::vector<Token>>()};
  return made;
}

BeamOptions beam_of(const json& p) {
  BeamOptions made;
  made.width = p.at("num_beams").get<std::int64_t>();
  made.groups = p.value("num_beam_groups", std::int64_t{1});
  made.diversity = p.value("diversity_penalty", 0.0f);
  if (p.contains("force_words_ids"))
    for (const auto& words : p.at("force_words_ids")) made.forced.push_back(phrase_of(words));
  made.forced_as_hugging_face = true;
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

bool has_steps(const json& p) {
  return p.contains("repetition_penalty") || p.contains("no_repeat_ngram_size") || p.contains("min_new_tokens");
}

using Prompt = Sequence<Reference>;

Prompt sequence_of(const Model<Reference>& model, const std::vector<Token>& tokens) {
  Prompt made(model, {.kv_type = KvType::f32});
  made.append(tokens);
  return made;
}

/// Plain, and with drafts of several branches by the model itself and by the text: the same hypotheses.
template <class Steps>
std::vector<Result> beams_of(const Prompt& prompt, const Beam<Steps>& search, const Options& options) {
  const SpeculativeOptions eager{.most = 8, .pass_cost = [](std::int64_t) { return 1.0; }, .draft_cost = [](std::int64_t) { return 0.0; }};
  const auto plain = generate(prompt, search, options);
  const AnyDrafter model = draft_model(sequence_of(prompt.model(), {prompt.tokens()[0]}), {.branches = 2}), text = suffix_drafter({.branches = 2});
  const auto by_model = generate(prompt, speculative(search, model, eager), options);
  const auto by_text = generate(prompt, speculative(search, text, eager), options);
  REQUIRE(by_model.size() == plain.size());
  REQUIRE(by_text.size() == plain.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    test::check_same(plain[i], by_model[i]);
    test::check_same(plain[i], by_text[i]);
  }
  return by_model;
}

std::vector<Result> beams(const Prompt& prompt, const json& p) {
  if (has_steps(p)) return beams_of(prompt, steps_from(parameters_of(p)) | beam(beam_of(p)), options_of(p));
  return beams_of(prompt, beam(beam_of(p)), options_of(p));
}

/// What each kind of case runs.
const std::map<std::string, std::vector<Result> (*)(const Prompt&, const json&)> searches{
    {"greedy", [](const Prompt& prompt, const json& p) { return generate(prompt, chain_from(parameters_of(p)), options_of(p)); }},
    {"beam", beams},
    {"diverse_beam", beams},
    {"constrained_beam", beams},
    {"contrastive",
     [](const Prompt& prompt, const json& p) {
       const ContrastiveOptions how{.alpha = p.at("penalty_alpha").get<float>(), .k = p.at("top_k").get<std::int64_t>()};
       return generate(prompt, steps_from(parameters_of(p)) | contrastive_search(how), options_of(p));
     }},
    {"dola",
     [](const Prompt& prompt, const json& p) {
       const auto contrasted = dola(prompt.fork(), {.layers = p.at("dola_layers").get<std::vector<std::int64_t>>()});
       return generate(contrasted, chain_from(parameters_of(p)), options_of(p));
     }},
    {"cfg",
     [](const Prompt& prompt, const json& p) {
       const auto with = guided(prompt.fork(), sequence_of(prompt.model(), {prompt.tokens().back()}), p.at("guidance_scale").get<float>());
       return generate(with, chain_from(parameters_of(p)), options_of(p));
     }},
};

void check(const std::vector<Result>& results, const json& one) {
  const auto expected = one.at("sequences").get<std::vector<std::vector<Token>>>();
  REQUIRE(results.size() == expected.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    CHECK(padded(results[i].tokens, expected[i].size()) == expected[i]);
    if (one.contains("scores"))
      CHECK(std::abs(results[i].score - one.at("scores").at(i).get<double>()) <= 1e-4);
  }
}

}  // namespace

TEST_CASE("every search gives the sequences and scores of Hugging Face") {
  const auto path = test::goldens() / "decoding" / "searches.json";
  if (!test::present(path, "searches.json")) return;
  std::ifstream file(path);
  std::map<std::string, std::unique_ptr<Model<Reference>>> models;
  std::map<std::string, int> skipped;
  std::size_t checked = 0;
  for (const auto& one : json::parse(file)) {
    const auto kind = one.at("kind").get<std::string>(), name = one.at("model").get<std::string>();
    const auto search = searches.find(kind);
    if (search == searches.end()) {
      ++skipped[kind];
      continue;
    }
    auto& model = models[name];
    if (!model) model = std::make_unique<Model<Reference>>(test::goldens() / name);
    CAPTURE(one.at("params").dump());
    CAPTURE(name);
    CAPTURE(kind);
    check(search->second(sequence_of(*model, one.at("prompt").get<std::vector<Token>>()), one.at("params")), one);
    ++checked;
  }
  for (const auto& [kind, count] : skipped)
    test::skip("searches: " + kind, "no such search yet (" + std::to_string(count) + " cases)");
  MESSAGE("searches.json: ", checked, " cases checked");
  CHECK(checked > 0);
}
