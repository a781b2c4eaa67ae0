// Drafts on real models of every backend: the bits of what is written with and without them, and what they may touch.
#include <doctest/doctest.h>

#include <memory>

#include "decode/oracle_drafter.hpp"
#include "support/same_result.hpp"
#include "support/backends.hpp"
#include "support/golden_model.hpp"
#include "weft/decode/draft_model.hpp"
#include "weft/decode/generate.hpp"
#include "weft/decode/guidance.hpp"
#include "weft/decode/speculative.hpp"
#include "weft/decode/suffix_drafter.hpp"
#include "weft/instances.hpp"
#include "weft/sample/steps.hpp"

using namespace weft;
using test::AnyDrafter;
using test::eager;

namespace {

template <class B, class Chain>
void check_drafts(const Sequence<B>& prompt, const Chain& chain, const Options& options, std::uint64_t seed) {
  const auto plain = generate(prompt, chain, options).front();
  test::OracleDrafter oracle{{prompt.tokens().begin(), prompt.tokens().end()}, 0.8, static_cast<std::size_t>(prompt.model().vocab_size()), seed};
  oracle.text.insert(oracle.text.end(), plain.tokens.begin(), plain.tokens.end());
  const auto most = static_cast<std::int64_t>(1 + seed % 11);
  const auto check = [&](const AnyDrafter& drafter, const SpeculativeOptions& how) {
    test::check_same(plain, generate(prompt, speculative(chain, drafter, how), options).front());
  };
  check(oracle, eager(most));
  check(suffix_drafter(), eager(16));
  check(suffix_drafter(), {});
  check(draft_model(Sequence<B>(prompt.model())), eager(4));
  check(test::OracleTree{oracle}, eager(most + 8));
  check(draft_model(Sequence<B>(prompt.model()), {.branches = 2}), eager(6));
  const auto check_extended = [&](const AnyDrafter& drafter, std::int64_t longest) {
    auto extended = prompt.fork();
    test::check_same(plain, run(extended, speculative(chain, drafter, eager(longest)), options));
    auto expected = prompt.fork();
    expected.append(std::span<const Token>(plain.tokens));
    REQUIRE(std::equal(expected.tokens().begin(), expected.tokens().end(), extended.tokens().begin(), extended.tokens().end()));
    CHECK(std::memcmp(expected.logits().data(), extended.logits().data(), expected.logits().size_bytes()) == 0);
  };
  oracle.right = 1, oracle.seed = 2;
  check_extended(test::OracleTree{oracle}, most + 4);
  oracle.seed = 0;
  check_extended(oracle, most);
}

template <class B>
std::unique_ptr<Model<B>> load(const std::filesystem::path& folder) {
  try {
    if (std::filesystem::exists(folder / "config.json")) return std::make_unique<Model<B>>(folder);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::unsupported) throw;
  }
  test::skip("drafts on golden " + folder.filename().string(), "this build does not know the architecture");
  return nullptr;
}

}  // namespace

TEST_CASE_TEMPLATE("drafted text is that of plain decoding to the bit: greedy, drawn, with penalties and a sampler's state", B, WEFT_TEST_BACKENDS) {
  if (!test::usable<B>()) return;
  std::uint64_t seed = 0;
  for (const auto& folder : test::golden_folders()) {
    const auto model = load<B>(folder);
    if (!model) continue;
    CAPTURE(folder.filename().string());
    const auto golden = test::read_golden(folder);
    for (const auto& tokens : golden.prompts) {
      Sequence<B> prompt(*model, {.kv_type = seed % 3 == 0 ? KvType::f32 : seed % 3 == 1 ? KvType::f16 : KvType::q8});
      prompt.append(tokens);
      const Options options{.max_tokens = 24, .ignore_end_tokens = seed % 2 == 0, .seed = seed, .logprobs = static_cast<std::int64_t>(seed % 3)};
      check_drafts(prompt, greedy(), options, seed);
      check_drafts(prompt, temperature(0.7f) | top_p(0.9f) | draw(), options, seed + 1);
      check_drafts(prompt, repetition_penalty(1.2f) | mirostat(3.0f, 0.1f) | draw(), options, seed + 2);
      ++seed;
    }
  }
}

TEST_CASE_TEMPLATE("the logits that append_with_logits gives are, at every token, the bits of appending one by one", B, WEFT_TEST_BACKENDS) {
  if (!test::usable<B>()) return;
  const Model<B> model(test::data("models") / "blocks32.gguf");
  const auto vocab = static_cast<std::size_t>(model.vocab_size());
  std::vector<Token> tokens;
  for (std::uint64_t i = 0; i < 140; ++i) tokens.push_back(static_cast<Token>(uniform(1, 2, i) * static_cast<double>(vocab)));  // more than one chunk
  for (const std::size_t count : {1u, 2u, 3u, 17u, 140u}) {
    Sequence<B> whole(model), single(model);
    std::vector<float> earlier((count - 1) * vocab);
    whole.append_with_logits(std::span(tokens).first(count), earlier);
    bool same = true;
    for (std::size_t i = 0; i < count; ++i) {
      single.append({tokens[i]});
      const auto* row = i + 1 < count ? earlier.data() + i * vocab : whole.logits().data();
      same = same && std::memcmp(row, single.logits().data(), vocab * sizeof(float)) == 0;
    }
    CHECK(same);
    CHECK_THROWS_AS(whole.append_with_logits(std::span(tokens).first(2), std::span<float>()), Error);
    CHECK(whole.size() == count);
  }
}

TEST_CASE("drafts that find no memory are given up, and the text is written as without them; a text that finds none fails as ever") {
  const Model<Cpu<>> model(test::data("models") / "floats.gguf");
  const auto page = model.kv_bytes_per_position(KvType::f16) * 16;
  for (std::size_t pages = 3; pages < 9; ++pages) {
    CAPTURE(pages);
    // two forks of one reserved text: what either writes in a shared page takes a page of its own
    const auto forked = [&] {
      Sequence<Cpu<>> sequence(model, {.context = 64, .kv_bytes = pages * page});
      sequence.append({1, 2, 3});
      return sequence;
    };
    const auto outcome = [&](const auto& how) {
      auto first = forked();
      try {
        first.reserve(48);
        auto second = first.fork();
        return std::pair(run(second, how, {.max_tokens = 45, .ignore_end_tokens = true}).tokens, std::string());
      } catch (const Error& e) {
        CHECK(e.kind() == ErrorKind::resource);
        return std::pair(std::vector<Token>(), std::string(e.what()));
      }
    };
    const auto plain = outcome(greedy());
    test::OracleDrafter oracle{{1, 2, 3}, 1, 16, 0};
    oracle.text.insert(oracle.text.end(), plain.first.begin(), plain.first.end());
    CHECK(outcome(speculative(greedy(), AnyDrafter(oracle), eager(40))) == plain);
    CHECK(outcome(speculative(greedy(), AnyDrafter(test::OracleTree{oracle}), eager(40))) == plain);
  }
}

TEST_CASE("a model drafts for itself by its first layers, or at another precision, and the text stays its own") {
  const auto path = test::data("models") / "blocks32.gguf";
  const Model<Cpu<>> model(path, {.activation_bits = 16}), coarse(path, {.activation_bits = 8});
  const auto layers = static_cast<std::int64_t>(model.spec().layers.size());
  const auto few = model.first_layers(1), all = model.first_layers(layers);
  Sequence<Cpu<>> prompt(model);
  prompt.append({1, 2, 3});
  const Options options{.max_tokens = 40, .ignore_end_tokens = true, .seed = 4, .logprobs = 1};
  for (const auto* drafting : {&coarse, &few, &all})
    for (const std::int64_t branches : {1, 3}) {
      const AnyDrafter drafter = draft_model(Sequence<Cpu<>>(*drafting), {.branches = branches});
      const auto plain = generate(prompt, greedy(), options).front();
      const auto drafted = generate(prompt, speculative(greedy(), drafter, eager(8)), options).front();
      test::check_same(plain, drafted);
      if (drafting == &all && branches == 1) CHECK(drafted.stats.accepted_tokens == drafted.stats.drafted_tokens);
      if (drafting == &coarse) CHECK(drafted.stats.accepted_tokens > 5);
      const auto drawn = temperature(0.8f) | draw();
      test::check_same(generate(prompt, drawn, options).front(), generate(prompt, speculative(drawn, drafter, eager(8)), options).front());
    }
}

TEST_CASE("guided pairs of sequences are drafted for in passes over both") {
  const Model<Cpu<>> model(test::data("models") / "floats.gguf");
  const auto pair = [&] {
    Sequence<Cpu<>> with(model), without(model);
    with.append({1, 2, 3});
    without.append({3});
    return guided(std::move(with), std::move(without), 1.5f);
  };
  const Options options{.max_tokens = 40, .ignore_end_tokens = true, .logprobs = 2};
  const auto plain = generate(pair(), greedy(), options).front();
  test::OracleDrafter oracle{{1, 2, 3}, 0.9, 16, 14};
  oracle.text.insert(oracle.text.end(), plain.tokens.begin(), plain.tokens.end());
  const auto drafted = generate(pair(), speculative(greedy(), AnyDrafter(oracle), eager(5)), options).front();
  test::check_same(plain, drafted);
  CHECK(drafted.stats.accepted_tokens > 10);
  test::check_same(plain, generate(pair(), speculative(greedy(), AnyDrafter(test::OracleTree{oracle}), eager(9)), options).front());
}
