// The real model against the float32 truth: token log-probs of texts, greedy paths, and the argmax where it is clear.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "support/backends.hpp"
#include "support/golden_model.hpp"
#include "weft/decode/beam.hpp"
#include "weft/decode/generate.hpp"
#include "weft/model/batch.hpp"
#include "weft/instances.hpp"

namespace {

using namespace weft;

/// Everything in the reference is in log-probabilities.
struct Text {
  std::vector<Token> ids;
  std::vector<double> logprobs;            ///< of ids[1:]
  std::vector<std::vector<Token>> top_ids;  ///< at each position, best first
  std::vector<std::vector<double>> top_logprobs;
};

struct Path {
  std::vector<Token> prompt, ids;
  std::vector<double> margins;
};

std::vector<Text> texts(const nlohmann::json& json) {
  std::vector<Text> result;
  for (const auto& entry : json.at("scored"))
    result.push_back({entry.at("ids"), entry.at("token_logprobs"), entry.at("top10_ids"), entry.at("top10_logprobs")});
  return result;
}

std::vector<Path> paths(const nlohmann::json& json) {
  std::vector<Path> result;
  for (const auto& entry : json.at("greedy")) result.push_back({entry.at("prompt_ids"), entry.at("new_ids"), entry.at("top1_margin")});
  return result;
}

/// The bars that a backend is held to. Reference computes in float32; Cpu rounds activations to 8 bits, or to 16.
struct Bars {
  double mean_difference;
  double agreement;
  double margin;  ///< the argmax is the reference's wherever the reference's margin is at least this
};
template <class B>
Bars bars(const Model<B>& model) {
  if (std::is_same_v<B, Reference>) return {1e-4, 1.0, 0.001};
  return model.activation_bits() == 8 ? Bars{0.072, 0.93, 0.75} : Bars{0.002, 0.99, 0.03};
}

Token argmax(std::span<const float> logits) {
  return static_cast<Token>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

struct Tally {
  double difference = 0;
  std::size_t tokens = 0, positions = 0, agreed = 0;
};

template <class B>
void check_text(const Model<B>& model, const Text& text, Tally& tally) {
  Sequence<B> sequence(model, {.kv_type = KvType::f32});
  sequence.append({text.ids[0]});
  const auto scores = sequence.score(std::span(text.ids).subspan(1));
  for (std::size_t i = 0; i < text.logprobs.size(); ++i) tally.difference += std::fabs(static_cast<double>(scores[i]) - text.logprobs[i]);
  tally.tokens += text.logprobs.size();
  for (std::size_t i = 0; i < text.top_ids.size(); ++i) {
    const auto best = argmax(sequence.logits());
    ++tally.positions;
    tally.agreed += best == text.top_ids[i][0];
    CAPTURE(i);
    if (text.top_logprobs[i][0] - text.top_logprobs[i][1] >= bars(model).margin) CHECK(best == text.top_ids[i][0]);
    if (i + 1 < text.ids.size()) sequence.append({text.ids[i + 1]});
  }
}

/// The argmax along the reference's own path.
template <class B>
void check_path(const Model<B>& model, const Path& path) {
  Sequence<B> sequence(model, {.kv_type = KvType::f32});
  sequence.append(path.prompt);
  for (std::size_t i = 0; i < path.ids.size(); ++i) {
    CAPTURE(i);
    if (path.margins[i] >= bars(model).margin) CHECK(argmax(sequence.logits()) == path.ids[i]);
    sequence.append({path.ids[i]});
  }
}

}  // namespace

TEST_SUITE("smollm2") {
  TEST_CASE_TEMPLATE("SmolLM2 agrees with the float32 reference", B, Reference, Cpu<>) {
    const auto file = test::smollm2_gguf();
    if (!test::present(file, "SmolLM2")) return;
    const auto json = test::read_json(test::smollm2_reference());
    for (const int bits : {8, 16}) {
      if (std::is_same_v<B, Reference> && bits != 8) continue;  // float32 in any case
      CAPTURE(bits);
      const Model<B> model(file, {.activation_bits = bits});
      Tally tally;
      for (const auto& text : texts(json)) check_text(model, text, tally);
      const double mean = tally.difference / static_cast<double>(tally.tokens);
      const double agreement = static_cast<double>(tally.agreed) / static_cast<double>(tally.positions);
      MESSAGE(B::name(), ", ", bits, " bits: mean |difference| ", mean, ", top-1 agreement ", agreement);
      CHECK(mean <= bars(model).mean_difference);
      CHECK(agreement >= bars(model).agreement);
      for (const auto& path : paths(json)) check_path(model, path);
    }
  }

  // What holds for Cpu<> in the case above then holds for every instruction set.
  TEST_CASE_TEMPLATE("every instruction set gives the same bits on SmolLM2", B, WEFT_TEST_CPUS) {
    const auto file = test::smollm2_gguf();
    if (!test::usable<B>() || !test::present(file, "SmolLM2")) return;
    const auto ids = texts(test::read_json(test::smollm2_reference())).front().ids;
    const Model<B> model(file);
    const Model<Cpu<>> best(file);
    Sequence<B> sequence(model);
    Sequence<Cpu<>> expected(best);
    for (const std::size_t length : {24u, 1u}) {
      sequence.append(std::span(ids).subspan(sequence.size(), length));
      expected.append(std::span(ids).subspan(expected.size(), length));
      CHECK(std::memcmp(sequence.logits().data(), expected.logits().data(), expected.logits().size_bytes()) == 0);
    }
  }

  TEST_CASE("beam search on SmolLM2 finds the reference's beams with their scores") {
    const auto file = test::smollm2_gguf();
    if (!test::present(file, "SmolLM2")) return;
    const Model<Reference> model(file);
    const auto reference = test::read_json(test::smollm2_reference());
    for (const auto& entry : reference.at("beam")) {
      const auto& expected = entry.at("beams");
      const auto width = entry.at("num_beams").get<std::int64_t>();
      const auto found = generate(Sequence<Reference>(model, {.kv_type = KvType::f32}), entry.at("prompt_ids").get<std::vector<Token>>(),
                                  beam({.width = width, .returned = static_cast<std::int64_t>(expected.size())}), {.max_tokens = 24});
      REQUIRE(found.size() == expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) {
        CAPTURE(i);
        CHECK(found[i].tokens == expected[i].at("new_ids").get<std::vector<Token>>());
        CHECK(found[i].score == doctest::Approx(expected[i].at("score").get<double>()).epsilon(1e-4));
      }
    }
  }
}
