#include "weft/decode/speculative.hpp"

#include <doctest/doctest.h>

#include "decode/oracle_drafter.hpp"
#include "decode/toy_start.hpp"
#include "support/same_result.hpp"
#include "sample/chi_squared.hpp"
#include "support/errors.hpp"
#include "support/sanitizer.hpp"
#include "support/toy_sequence.hpp"
#include "weft/decode/beam.hpp"
#include "weft/decode/best_of.hpp"
#include "weft/decode/draft_model.hpp"
#include "weft/decode/generate.hpp"
#include "weft/decode/guidance.hpp"
#include "weft/decode/phrase_ban.hpp"
#include "weft/decode/prompt_lookup.hpp"
#include "weft/decode/suffix_drafter.hpp"
#include "weft/sample/steps.hpp"

using namespace weft;
using namespace weft::test;

namespace {

/// A drafter that guesses the result's tokens after `start`.
OracleDrafter oracle(const Result& result, double right = 1, std::uint64_t seed = 0) {
  OracleDrafter drafter{start, right, 20, seed};
  drafter.text.insert(drafter.text.end(), result.tokens.begin(), result.tokens.end());
  return drafter;
}

/// Everything that can be seen of a generation: the result, and all pieces one after the other.
struct Seen {
  Result result;
  std::string texts;
  std::vector<Token> ids;
  std::vector<float> logprobs;
};
template <class How>
Seen look(const ToyModel& model, const How& how, Options options) {
  Seen seen;
  options.on_piece = [&](const Piece& piece) {
    seen.texts += piece.text;
    seen.texts += '|';
    seen.ids.push_back(piece.id);
    seen.logprobs.push_back(piece.logprob);
    for (const auto& a : piece.top) seen.logprobs.push_back(a.logprob);
  };
  seen.result = generate(model, start, how, options).front();
  return seen;
}

template <class Chain>
void check_identical(const ToyModel& model, const Chain& chain, const Options& options, std::uint64_t seed) {
  const auto plain = look(model, chain, options);
  const double right = uniform(seed, 1, 1);
  const auto check = [&](const Seen& drafted) {
    check_same(plain.result, drafted.result);
    CHECK(plain.texts == drafted.texts);
    CHECK(plain.ids == drafted.ids);
    CHECK(same_bits(plain.logprobs, drafted.logprobs));
    CHECK(drafted.result.stats.accepted_tokens <= drafted.result.stats.drafted_tokens);
    CHECK(drafted.result.stats.passes + drafted.result.stats.accepted_tokens == plain.result.stats.passes);
  };
  check(look(model, speculative(chain, oracle(plain.result, right, seed), eager(1 + static_cast<std::int64_t>(seed % 9))), options));
  check(look(model, speculative(chain, oracle(plain.result, 1, seed)), options));  // by the clock
  check(look(model, speculative(chain, prompt_lookup(), eager()), options));
  check(look(model, speculative(chain, suffix_drafter(), eager()), options));
  check(look(model, speculative(chain, suffix_drafter({.branches = 3}), eager()), options));
  const OracleTree tree{oracle(plain.result, right, seed)}, right_tree{oracle(plain.result, 1, seed)};
  check(look(model, speculative(chain, tree, eager(1 + static_cast<std::int64_t>(seed % 23))), options));
  check(look(model, speculative(chain, right_tree, eager(12)), options));
  check(look(model, speculative(chain, tree), options));
}

/// A model whose texts repeat themselves: that is where there is something to look up.
ToyModel repeating(std::uint64_t seed) {
  auto model = numbered_toy(8);
  model.order = 1 + seed % 2;
  model.seed = seed + 1;
  model.spread = 6;
  return model;
}

/// A step of a user's whose state is the number of its calls, as bad as state can be.
struct CountsCalls {
  std::uint64_t calls = 0;
  void operator()(std::span<float> logits, const StepContext& context) {
    ++calls;
    logits[(calls * 7 + context.history.size()) % logits.size()] += 2;
  }
};

}  // namespace

TEST_CASE("whatever is drafted, right or wrong, every token, log-prob, piece and end is that of plain decoding") {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    CAPTURE(seed);
    auto model = repeating(seed);
    Options options{.max_tokens = static_cast<std::int64_t>(seed % 41), .ignore_end_tokens = seed % 3 == 0, .seed = seed};
    options.logprobs = static_cast<std::int64_t>(seed % 4);
    if (seed % 4 == 1) options.stop = {"<5><" + std::to_string(seed % 7), "><6>"};
    if (seed % 5 == 2) options.stop_tokens = {static_cast<Token>(seed % 7)};
    if (seed % 6 == 3) model.context = start.size() + seed % 30;
    check_identical(model, greedy(), options, seed);
    check_identical(model, draw(), options, seed);
    check_identical(model, temperature(0.6f) | top_k(5) | min_p(0.05f) | draw(), options, seed);
  }
}

TEST_CASE("steps with a state are told of the text alone: penalties, DRY, mirostat and a user's own write what they write without drafts") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    const auto model = repeating(seed);
    const Options options{.max_tokens = 40, .ignore_end_tokens = true, .seed = seed, .logprobs = 2};
    check_identical(model, repetition_penalty(1.3f) | frequency_penalty(0.4f) | presence_penalty(0.2f) | greedy(), options, seed);
    check_identical(model, no_repeat_ngram(3) | draw(), options, seed);
    check_identical(model, dry({.multiplier = 0.8f}) | temperature(0.9f) | draw(), options, seed);
    check_identical(model, mirostat(1.5f, 0.2f) | draw(), options, seed);
    check_identical(model, step(CountsCalls{}) | greedy(), options, seed);
    check_identical(model, step(CountsCalls{}) | temperature(0.7f) | xtc(0.5f, 0.1f) | draw(), options, seed);
  }
}

TEST_CASE("a drafter that is always right saves all passes but one in `most` + 1, and the stats say so") {
  const auto model = numbered_toy(20);
  const Options options{.max_tokens = 57, .ignore_end_tokens = true, .seed = 5};
  const auto plain = generate(model, start, draw(), options).front();
  CHECK(plain.stats.passes == 56);  // the last token is never run
  CHECK(plain.stats.drafted_tokens == 0);
  const std::size_t before = model.passes;
  const auto drafted = generate(model, start, speculative(draw(), oracle(plain), eager(6)), options).front();
  CHECK(drafted.tokens == plain.tokens);
  CHECK(drafted.stats.passes == 8);  // 7 tokens each
  CHECK(model.passes - before == 1 + 8);
  CHECK(drafted.stats.accepted_tokens == 48);
  CHECK(drafted.stats.drafted_tokens == 48);
}

TEST_CASE("of a tree the path that agrees with the text goes on, whichever it is, and its passes are saved") {
  const auto model = numbered_toy(20);
  const Options options{.max_tokens = 61, .ignore_end_tokens = true, .seed = 5};
  const auto plain = generate(model, start, draw(), options).front();
  const auto truth = oracle(plain);
  for (const std::size_t wrong : {0u, 1u, 2u}) {  // branches that fail at once, beside one of three tokens that holds
    const auto how = speculative(draw(), [&truth, wrong](std::span<const Token> history, std::size_t most, Draft& draft) {
      if (most < 6) return;
      for (std::size_t b = 0; b < 3; ++b) {
        if (b != wrong) draft.add_after(Draft::root, static_cast<Token>(b == 0 ? 18 : 17) == truth.text[history.size()] ? 16 : b == 0 ? 18 : 17, 20);
        else for (std::size_t i = 0; i < 3 && history.size() + i < truth.text.size(); ++i)
          i == 0 ? draft.add_after(Draft::root, truth.text[history.size()], 20) : draft.add(truth.text[history.size() + i], 20);
      }
    }, eager(12));
    const std::size_t before = model.positions;
    const auto drafted = generate(model, start, how, options).front();
    check_same(plain, drafted);
    CHECK(drafted.stats.accepted_tokens >= 3 * 13);
    CHECK(drafted.stats.passes <= 22);
    CHECK(model.positions - before > drafted.stats.drafted_tokens + drafted.stats.passes);  // each branch runs the token before it again
  }
}

TEST_CASE("drafts stay within max_tokens and within the context") {
  auto model = numbered_toy(20);
  model.context = start.size() + 10;  // the toy throws beyond
  const Options options{.max_tokens = 30, .ignore_end_tokens = true};
  const auto plain = generate(model, start, greedy(), options).front();
  const std::size_t before = model.positions;
  const auto drafted = generate(model, start, speculative(greedy(), oracle(plain), eager(30)), options).front();
  check_same(plain, drafted);
  CHECK(drafted.stop == StopReason::context_full);
  CHECK(model.positions - before == start.size() + 9);  // and nothing after the last token that may come
}

TEST_CASE("a stream that is left, moved, cancelled or ends leaves a sequence of the caller's at its last token, without drafts") {
  const auto model = numbered_toy(20);
  const Options options{.max_tokens = 20, .ignore_end_tokens = true, .seed = 3};
  const auto plain = generate(model, start, draw(), options).front();
  const auto check = [&](const auto& how) {
    for (std::size_t n = 0; n <= 20; ++n) {
      CAPTURE(n);
      auto sequence = started(model);
      std::vector<Token> ids;
      {
        auto first = stream(sequence, how, options);
        if (n > 0)
          for (const Piece& piece : first) {
            ids.push_back(piece.id);
            if (ids.size() == n) break;
          }
        auto story = std::move(first);
        if (n % 3 == 1) {
          CHECK(story.sequence().size() == start.size() + n);
          for (const Piece& piece : story) {
            ids.push_back(piece.id);
            if (ids.size() == n + 4) break;
          }
        }
      }
      CHECK(std::equal(ids.begin(), ids.end(), plain.tokens.begin()));
      REQUIRE(sequence.size() == start.size() + ids.size());
      CHECK(std::equal(ids.begin(), ids.end(), sequence.tokens().begin() + 3));
      const auto rest = run(sequence, draw(), {.max_tokens = 3, .ignore_end_tokens = true, .seed = 3});
      auto longer = started(model);
      const auto whole = run(longer, draw(), {.max_tokens = static_cast<std::int64_t>(ids.size()) + 3, .ignore_end_tokens = true, .seed = 3});
      CHECK(std::equal(rest.tokens.begin(), rest.tokens.end(), whole.tokens.end() - 3));
    }
    for (std::size_t n = 1; n < 20; ++n) {
      std::stop_source source;
      auto cancelled = options;
      cancelled.cancel = source.get_token();
      cancelled.on_piece = [&, count = std::size_t{0}](const Piece&) mutable {
        if (++count == n) source.request_stop();
      };
      auto sequence = started(model);
      const auto result = run(sequence, how, cancelled);
      CHECK(result.stop == StopReason::cancelled);
      CHECK(result.tokens == std::vector<Token>(plain.tokens.begin(), plain.tokens.begin() + static_cast<std::ptrdiff_t>(n)));
      CHECK(sequence.size() <= start.size() + n);
      CHECK(sequence.size() + 1 >= start.size() + n);
    }
  };
  check(speculative(draw(), oracle(plain, 0.8, 14), eager()));
  check(speculative(draw(), OracleTree{oracle(plain, 0.8, 9)}, eager(14)));
}

TEST_CASE("a step that throws ends a drafted stream as it ends a plain one, and takes the drafts back") {
  const auto model = numbered_toy(20);
  const Options options{.max_tokens = 20, .ignore_end_tokens = true};
  const auto plain = generate(model, start, greedy(), options).front();
  const auto refuses = step([](std::span<float>, std::span<const Token> history) {
    if (history.size() == start.size() + 5) fail(ErrorKind::argument, "enough");
  });
  auto sequence = started(model);
  CHECK(message_of([&] { run(sequence, speculative(refuses | greedy(), oracle(plain), eager(12)), options); }) == "enough");
  CHECK(std::vector<Token>(sequence.tokens().begin() + 3, sequence.tokens().end()) == std::vector<Token>(plain.tokens.begin(), plain.tokens.begin() + 5));
}

TEST_CASE("a sequence that its owner cuts or extends under a running stream is decoded as it then is, and nothing is read beyond it") {
  const auto model = numbered_toy(20);
  const Options options{.max_tokens = 20, .ignore_end_tokens = true};
  const auto plain = generate(model, start, greedy(), options).front();
  const auto check = [&](const auto& how, std::size_t length) {
    auto sequence = started(model);
    auto story = stream(sequence, how, options);
    std::size_t n = 0;
    for ([[maybe_unused]] const Piece& piece : story)
      if (++n == 3) sequence.rewind(length);
    CHECK(story.result().tokens.size() == 20);
  };
  for (const std::size_t length : {2u, 1u}) {
    check(speculative(greedy(), oracle(plain), eager(12)), length);
    check(speculative(greedy(), OracleTree{oracle(plain)}, eager(20)), length);
  }
}

TEST_CASE("models with a draft model, and guided pairs, write what they write without drafts") {
  auto model = repeating(1), other = repeating(2);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Options options{.max_tokens = 30, .ignore_end_tokens = true, .seed = seed, .logprobs = 1};
    for (const auto* drafting : {&model, &other}) {
      const auto plain = generate(model, start, temperature(0.3f) | draw(), options).front();
      const auto drafted = generate(model, start, speculative(temperature(0.3f) | draw(), draft_model(ToySequence(*drafting)), eager()), options).front();
      check_same(plain, drafted);
      for (const std::int64_t branches : {2, 3}) {
        const auto tree = draft_model(ToySequence(*drafting), {.branches = branches});
        check_same(plain, generate(model, start, speculative(temperature(0.3f) | draw(), tree, eager(9)), options).front());
      }
    }
    const auto pair = [&] {
      ToySequence without(model);
      without.append(std::span(start).last(1));
      return guided(started(model), std::move(without), 2.0f);
    };
    const auto plain = generate(pair(), temperature(0.3f) | draw(), options).front();
    const auto drafted = generate(pair(), speculative(temperature(0.3f) | draw(), suffix_drafter(), eager()), options).front();
    check_same(plain, drafted);
    CHECK(drafted.stats.accepted_tokens > 0);
  }
  const auto same = generate(model, start, speculative(greedy(), draft_model(ToySequence(model)), eager()), {.max_tokens = 50, .ignore_end_tokens = true}).front();
  CHECK(same.stats.accepted_tokens > 25);
}

TEST_CASE("100000 drafted draws have the distribution of the model, whether the drafts are likely or not") {
  auto model = numbered_toy(6);
  model.spread = 3;
  // the third token's probabilities, by enumeration of the first two
  std::vector<double> expected(6);
  std::vector<float> one(6), two(6), three(6);
  const auto follow = [&](std::vector<Token> tokens, std::vector<float>& logits) {
    model.logits_after(tokens, logits);
    log_softmax(logits);
  };
  follow({1, 2, 3}, one);
  for (Token a = 0; a < 6; ++a) {
    follow({1, 2, 3, a}, two);
    for (Token b = 0; b < 6; ++b) {
      follow({1, 2, 3, a, b}, three);
      for (std::size_t c = 0; c < 6; ++c) expected[c] += std::exp(double{one[std::size_t(a)]} + double{two[std::size_t(b)]} + double{three[c]});
    }
  }
  const auto best = static_cast<Token>(std::max_element(one.begin(), one.end()) - one.begin());
  for (const Token guess : {best, (best + 1) % 6}) {
    const auto how = speculative(draw(), [guess](std::span<const Token>, std::size_t most, Draft& draft) {
      for (std::size_t i = 0; i < most; ++i) draft.add(guess, 31);
    }, eager());
    const auto root = started(model);
    std::vector<std::size_t> counts(6);
    std::size_t accepted = 0;
    constexpr std::uint64_t n = draws_of(100000);
    for (std::uint64_t seed = 0; seed < n; ++seed) {
      const auto result = generate(root, how, {.max_tokens = 3, .ignore_end_tokens = true, .seed = seed}).front();
      ++counts[static_cast<std::size_t>(result.tokens[2])];
      accepted += result.stats.accepted_tokens;
    }
    CHECK(accepted > n / 100);
    const auto found = chi_squared(counts, expected, double{n});
    CHECK(found.statistic < chi_squared_bound(found.degrees));
  }
}

namespace {

/// A sequence that gives the logits after its last token alone, as DoLa's does.
class LastLogitsOnly {
 public:
  explicit LastLogitsOnly(ToySequence s) : s_(std::move(s)) {}
  void append(std::span<const Token> tokens, const ToyAppendOptions& options = {}) { s_.append(tokens, options); }
  std::span<const float> logits() const { return s_.logits(); }
  std::span<const Token> tokens() const { return s_.tokens(); }
  std::size_t size() const { return s_.size(); }
  std::size_t capacity() const { return s_.capacity(); }
  LastLogitsOnly fork() const { return *this; }
  void rewind(std::size_t n) { s_.rewind(n); }
  void reserve(std::size_t n) { s_.reserve(n); }
  const ToyModel& model() const { return s_.model(); }

 private:
  ToySequence s_;
};

template <class Chain>
concept CanBeDrafted = requires(const Chain& chain) { speculative(chain, prompt_lookup()); };

}  // namespace

TEST_CASE("what cannot be checked in one pass does not compile: searches, and sequences without logits at every position") {
  using How = decltype(speculative(greedy(), prompt_lookup()));
  static_assert(StrategyFor<How, ToySequence>);
  static_assert(DecodableSequence<LastLogitsOnly> && StrategyFor<decltype(greedy()), LastLogitsOnly>);
  static_assert(!StrategyFor<How, LastLogitsOnly>);
  static_assert(CanBeDrafted<decltype(top_k(3) | draw())>);
  static_assert(!CanBeDrafted<How>);
  static_assert(!CanBeDrafted<decltype(without_phrases({"x"}, greedy()))>);
  static_assert(!CanBeDrafted<decltype(best_of(BestOfOptions{}, draw()))>);
}

TEST_CASE("options out of range are refused by name") {
  CHECK(contains(message_of([] { (void)speculative(greedy(), prompt_lookup(), {.most = -1}); }), "drafts of -1 tokens"));
  CHECK(contains(message_of([] { (void)speculative(greedy(), prompt_lookup(), {.most = 128}); }), "drafts of 128 tokens"));
  CHECK(contains(message_of([] { (void)speculative(greedy(), prompt_lookup(), {.loss_share = -0.1}); }), "loss_share of -0.1"));
  const auto model = numbered_toy(9);
  CHECK(generate(model, start, speculative(greedy(), prompt_lookup(), {.most = 0}), {.max_tokens = 5}).front().stats.drafted_tokens == 0);
}
