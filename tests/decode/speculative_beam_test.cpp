// Beams with drafts find what beams find: every hypothesis, in the same order, to the bit.
#include "weft/decode/speculative_beam.hpp"

#include <doctest/doctest.h>


#include "decode/oracle_drafter.hpp"
#include "decode/toy_start.hpp"
#include "support/backends.hpp"
#include "support/data.hpp"
#include "support/errors.hpp"
#include "support/same_result.hpp"
#include "support/toy_sequence.hpp"
#include "weft/decode/draft_model.hpp"
#include "weft/decode/generate.hpp"
#include "weft/decode/prompt_lookup.hpp"
#include "weft/decode/suffix_drafter.hpp"
#include "weft/instances.hpp"
#include "weft/sample/steps.hpp"

using namespace weft;
using namespace weft::test;

namespace {

template <class From, class How>
void check_same_beams(const std::vector<Result>& plain, const From& from, const How& how, const Options& options) {
  const auto drafted = generate(from, how, options);
  REQUIRE(plain.size() == drafted.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    CAPTURE(i);
    check_same(plain[i], drafted[i]);
    CHECK(plain[i].missing == drafted[i].missing);
  }
}

/// An oracle of one hypothesis.
OracleDrafter oracle_of(std::span<const Token> prompt, const Result& result, std::size_t vocab, double right, std::uint64_t seed) {
  OracleDrafter drafter{{prompt.begin(), prompt.end()}, right, vocab, seed};
  drafter.text.insert(drafter.text.end(), result.tokens.begin(), result.tokens.end());
  return drafter;
}

template <class S, class Steps>
void check_beams(const S& prompt, S own, const Beam<Steps>& search, const Options& options, std::uint64_t seed) {
  const auto plain = generate(prompt, search, options);
  const auto oracle = oracle_of(prompt.tokens(), plain[seed % plain.size()], static_cast<std::size_t>(prompt.model().vocab_size()), 0.33 * static_cast<double>(seed % 4), seed);
  const auto check = [&](const AnyDrafter& drafter, const SpeculativeOptions& how) {
    check_same_beams(plain, prompt, speculative(search, drafter, how), options);
  };
  check(oracle, eager(1 + static_cast<std::int64_t>(seed % 7)));
  check(OracleTree{oracle}, eager(1 + static_cast<std::int64_t>(seed % 13)));
  check(suffix_drafter({.branches = 2}), eager());
  check(prompt_lookup(), {});
  check(draft_model(std::move(own), {.branches = 3}), eager(12));
}

ToyModel small_toy(std::uint64_t seed) {
  auto model = numbered_toy(9);
  model.order = 1 + seed % 3;
  model.seed = seed + 1;
  model.spread = seed % 2 ? 6 : 2;
  return model;
}

}  // namespace

TEST_CASE("whatever is drafted for beams, all hypotheses are those of plain beams: widths, ends, groups, phrases, draws, stops and steps") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    auto model = small_toy(seed);
    if (seed % 6 == 3) model.context = start.size() + seed % 20;
    const auto prompt = started(model);
    const auto width = static_cast<std::int64_t>(1 + seed % 4);
    Options options{.max_tokens = static_cast<std::int64_t>(seed % 23), .ignore_end_tokens = seed % 3 == 0, .seed = seed};
    options.logprobs = static_cast<std::int64_t>(seed % 3);
    if (seed % 4 == 1) options.stop = {"<5><" + std::to_string(seed % 7), "><6>"};
    const auto early = seed % 3 == 0 ? EarlyStopping::never : seed % 3 == 1 ? EarlyStopping::heuristic : EarlyStopping::when_width_finished;
    check_beams(prompt, ToySequence(model), beam({.width = width, .length_penalty = 0.5f * static_cast<float>(seed % 4), .early_stopping = early, .returned = width}), options, seed);
    check_beams(prompt, ToySequence(model), beam({.width = 4, .groups = 2, .diversity = 0.7f, .returned = 4}), options, seed);
    check_beams(prompt, ToySequence(model), beam({.width = 3, .sampled = true, .returned = 2}), options, seed);
    check_beams(prompt, ToySequence(model), repetition_penalty(1.3f) | no_repeat_ngram(3) | beam({.width = width, .returned = width}), options, seed);
    BeamOptions forced{.width = 3, .returned = 3};
    forced.forced = {ForcedPhrase{.any_of = {{4, 2}, {5}}}};
    check_beams(prompt, ToySequence(model), beam(forced), options, seed);
  }
}

TEST_CASE("a tree that holds what all beams do saves passes, and the stats count them") {
  auto model = small_toy(1);
  const auto prompt = started(model);
  const Options options{.max_tokens = 41, .ignore_end_tokens = true};
  const auto plain = generate(prompt, beam({.width = 2, .returned = 2}), options);
  const auto how = speculative(beam({.width = 2, .returned = 2}), AnyDrafter(draft_model(ToySequence(model), {.branches = 4})), eager(60));
  check_same_beams(plain, prompt, how, options);
  const auto stats = generate(prompt, how, options).front().stats;
  CHECK(stats.passes < 30);  // of 40
  CHECK(stats.accepted_tokens > 20);
  CHECK(stats.accepted_tokens <= stats.drafted_tokens);
  const auto none = generate(prompt, speculative(beam({.width = 2}), AnyDrafter(draft_model(ToySequence(model))), {.most = 0}), options).front().stats;
  CHECK(none.passes == 40);
  CHECK(none.drafted_tokens == 0);
  // a width of one is greedy: a drafter that is right saves all passes but one in `most` + 1
  const auto single = generate(prompt, beam({.width = 1}), options).front();
  const auto drafted = generate(prompt, speculative(beam({.width = 1}), AnyDrafter(oracle_of(start, single, 9, 1, 0)), eager(4)), options).front();
  check_same(single, drafted);
  CHECK(drafted.stats.passes == 8);
}

TEST_CASE_TEMPLATE("beams with drafts on real models find the bits of plain beams, in one pass over all branches and their trees", B, WEFT_TEST_BACKENDS) {
  if (!usable<B>()) return;
  std::uint64_t seed = 0;
  for (const char* name : {"floats.gguf", "blocks32.gguf"}) {
    const Model<B> model(data("models") / name);
    for (const KvType kv : {KvType::f32, KvType::f16}) {
      Sequence<B> prompt(model, {.kv_type = kv});
      prompt.append({1, 2, 3, 1, 2});
      const Options options{.max_tokens = 20, .ignore_end_tokens = seed % 2 == 0, .logprobs = 2};
      check_beams(prompt, Sequence<B>(model), beam({.width = 3, .returned = 3}), options, seed++);
      check_beams(prompt, Sequence<B>(model), repetition_penalty(1.2f) | beam({.width = 4, .groups = 2, .diversity = 0.5f, .returned = 4}), options, seed++);
    }
  }
}

TEST_CASE("beams whose drafts find no memory go on without them; a cancelled search ends as a plain one") {
  const Model<Cpu<>> model(data("models") / "floats.gguf");
  const auto page = model.kv_bytes_per_position(KvType::f16) * 16;
  const Options options{.max_tokens = 30, .ignore_end_tokens = true};
  const auto outcome = [&](const auto& how, std::size_t pages) {
    Sequence<Cpu<>> prompt(model, {.context = 64, .kv_bytes = pages * page});
    prompt.append({1, 2, 3});
    try {
      return generate(std::move(prompt), std::vector<Token>{4}, how, options).front().tokens;
    } catch (const Error& e) {
      CHECK(e.kind() == ErrorKind::resource);
      return std::vector<Token>();
    }
  };
  const auto search = beam({.width = 2, .returned = 2});
  const auto whole = outcome(search, 100);
  REQUIRE(whole.size() == 30);
  std::size_t least = 1;
  while (outcome(search, least).empty()) ++least;
  OracleDrafter oracle{{1, 2, 3, 4}, 0.8, 16, 2};
  oracle.text.insert(oracle.text.end(), whole.begin(), whole.end());
  for (std::size_t more = 2; more < 8; ++more) CHECK(outcome(speculative(search, AnyDrafter(OracleTree{oracle}), eager(20)), least + more) == whole);
  std::stop_source source;
  source.request_stop();
  const auto cancelled = generate(model, std::vector<Token>{1, 2, 3}, speculative(search, AnyDrafter(OracleTree{oracle}), eager()), {.max_tokens = 5, .cancel = source.get_token()});
  CHECK(cancelled.front().stop == StopReason::cancelled);
}

TEST_CASE("beams with drafts refuse options out of range by name") {
  CHECK(contains(message_of([] { (void)speculative(beam({.width = 2}), prompt_lookup(), {.most = 128}); }), "drafts of 128 tokens"));
}
