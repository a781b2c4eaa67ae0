// Watermarks against Hugging Face's: what is written, and what a detector counts.
#include <doctest/doctest.h>

#include "named_steps.hpp"
#include "sample/support.hpp"
#include "support/data.hpp"
#include "support/json.hpp"
#include "weft/sample/watermark_kgw.hpp"
#include "weft/sample/watermark_synthid.hpp"

namespace {

using namespace weft;
using namespace weft::test;

KgwOptions kgw_options(const json& from) {
  KgwOptions options;
  options.greenlist_ratio = from.at("greenlist_ratio").get<double>();
  options.bias = from.at("bias").get<float>();
  options.hashing_key = from.value("hashing_key", options.hashing_key);
  const bool self = from.value("seeding_scheme", from.value("scheme", "")) == "selfhash";
  options.seeding_scheme = self ? KgwOptions::Seeding::self_hash : KgwOptions::Seeding::left_hash;
  options.context_width = from.at("context_width").get<std::int64_t>();
  return options;
}

std::vector<Token> raised(const KgwOptions& options, const std::vector<Token>& ids, const std::vector<float>& logits) {
  const auto marked = applied(watermark_kgw(options), logits, {.history = ids});
  std::vector<Token> found;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (marked[i] == logits[i]) continue;
    CHECK(marked[i] == logits[i] + options.bias);
    found.push_back(static_cast<Token>(i));
  }
  return found;
}

SynthIdOptions synthid_options(const json& from) {
  SynthIdOptions options;
  options.keys = from.at("keys").get<std::vector<std::int64_t>>();
  options.ngram_len = from.at("ngram_len").get<std::int64_t>();
  options.context_history_size = from.at("context_history_size").get<std::int64_t>();
  options.sampling_table_size = from.at("sampling_table_size").get<std::int64_t>();
  options.sampling_table_seed = from.at("sampling_table_seed").get<std::uint64_t>();
  options.skip_first_ngram_calls = from.at("skip_first_ngram_calls").get<bool>();
  return options;
}

}  // namespace

TEST_CASE("green lists are those of Hugging Face: left hash to the id, and every listed id of self hash is green") {
  const auto path = goldens() / "decoding" / "watermark.json";
  if (!present(path, "watermark.json")) return;
  const auto golden = read_json(path);
  constexpr std::size_t vocab = 100;
  for (const auto& one : golden.at("cases")) {
    auto with_ratio = one;
    with_ratio["greenlist_ratio"] = golden.at("greenlist_ratio");
    with_ratio["bias"] = golden.at("bias");
    const auto options = kgw_options(with_ratio);
    const auto ids = one.at("ids").get<std::vector<Token>>();
    const auto green = one.at("green").get<std::vector<Token>>();
    const detail::KgwKey key(options);
    if (key.self_hash()) {
      std::vector<Token> window(ids.end() - options.context_width + 1, ids.end());
      window.push_back(0);
      for (const Token id : green) {
        window.back() = id;
        CHECK(key.is_green(window, id, vocab));
      }
    } else {
      CHECK(raised(options, ids, std::vector<float>(vocab, 0)) == green);
    }
  }
}

TEST_CASE("the watermark of KGW is written and counted as by transformers 5, with exact p-values") {
  const auto cases = read_json(data("steps") / "watermarks.json");
  for (const auto& one : cases.at("kgw")) {
    const auto options = kgw_options(one);
    const auto vocab = one.at("vocab").get<std::size_t>();
    for (const auto& mark : one.at("marks"))
      CHECK(raised(options, mark.at("ids").get<std::vector<Token>>(), mark.at("logits").get<std::vector<float>>()) ==
            mark.at("raised").get<std::vector<Token>>());
    for (const auto& d : one.at("detections")) {
      const auto evidence = detect_watermark_kgw(d.at("text").get<std::vector<Token>>(), vocab, options,
                                                 d.at("count_repeats").get<bool>());
      CHECK(evidence.scored == d.at("scored").get<std::size_t>());
      CHECK(evidence.marked == d.at("marked").get<std::size_t>());
      CHECK(evidence.z_score == doctest::Approx(d.at("z_score").get<double>()).epsilon(1e-9));
      CHECK(evidence.p_value / d.at("p_value").get<double>() == doctest::Approx(1).epsilon(1e-9));
    }
  }
}

TEST_CASE("SynthID's scores, and the bits its detector counts, are those of transformers 5") {
  const auto golden = read_json(data("steps") / "watermarks.json");
  for (const auto& one : golden.at("synthid")) {
    const auto options = synthid_options(one);
    auto text = one.at("prompt").get<std::vector<Token>>();
    const std::size_t prompt = text.size();
    auto step = watermark_synthid(options);
    std::size_t t = 0;
    for (const auto& s : one.at("steps")) {
      const auto before = s.at("logits").get<std::vector<float>>();
      auto logits = before;
      apply(step, std::span<float>(logits),
            {.history = text, .prompt_length = prompt, .unchanged = t == 0 ? 0 : text.size() - 1});
      check_equal(as_written(logits, golden.at("neg_inf").get<double>()), s.at("output").get<std::vector<double>>(),
                  before);
      auto fresh = applied(watermark_synthid(options), before, {.history = text, .prompt_length = prompt});
      CHECK(fresh == logits);
      text.push_back(one.at("ids").at(t++).get<Token>());
    }
    const auto& d = one.at("detection");
    const auto evidence = detect_watermark_synthid(d.at("text").get<std::vector<Token>>(), options);
    CHECK(evidence.scored == d.at("scored").get<std::size_t>());
    CHECK(evidence.marked == d.at("marked").get<std::size_t>());
    CHECK(evidence.expected == doctest::Approx(d.at("expected").get<double>()).epsilon(1e-12));
    CHECK(evidence.p_value == doctest::Approx(d.at("p_value").get<double>()).epsilon(1e-9));
  }
}
