#include "weft/decode/phrase_ban.hpp"

#include <doctest/doctest.h>

#include <map>

#include "support/toy_sequence.hpp"
#include "weft/core/regex.hpp"
#include "weft/decode/generate.hpp"
#include "weft/sample/parameters.hpp"
#include "weft/sample/steps.hpp"

using namespace weft;
using namespace weft::test;

namespace {

/// Tokens that spell words in many ways.
ToyModel letters_toy() {
  ToyModel model;
  model.vocabulary = {"a", "b", "c", "ab", "bc", "ca", "abc", " ", "cab", "é", "\xC3", "\xA9"};
  model.toy_tokenizer = ToyTokenizer(model.vocabulary);
  model.spread = 2;
  return model;
}

bool contains_any(std::string_view text, const std::vector<std::string>& phrases) {
  return std::any_of(phrases.begin(), phrases.end(), [&](const std::string& p) { return text.find(p) != text.npos; });
}

const std::vector<Token> an_a{0};

}  // namespace

TEST_CASE("a banned phrase is never seen, neither in the stream nor in the text, however its tokens are cut") {
  auto model = letters_toy();
  const std::vector<std::string> phrases{"abc", "b a", "cc", "é"};
  std::size_t banned = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const Options options{.max_tokens = 24, .ignore_end_tokens = true, .seed = seed};
    banned += contains_any(generate(model, an_a, draw(), options).front().text, phrases);
    std::string streamed;
    auto pieces = stream(model, an_a, without_phrases(phrases, draw()), options);
    std::size_t tokens = 0;
    for (const Piece& piece : pieces) {
      streamed += piece.text;
      ++tokens;
      REQUIRE(!contains_any(streamed, phrases));
    }
    REQUIRE(tokens == 24);
    REQUIRE(pieces.result().text == streamed);
    REQUIRE(pieces.result().tokens.size() == 24);
  }
  CHECK(banned > 500);  // or the test would show nothing
}

TEST_CASE("texts in which no phrase would occur are those of the chain alone") {
  const auto model = letters_toy();
  const auto chain = repetition_penalty(1.2f) | top_k(9) | draw();
  std::size_t same = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Options options{.max_tokens = 8, .ignore_end_tokens = true, .seed = seed, .logprobs = 2};
    const auto plain = generate(model, an_a, chain, options).front();
    const auto kept = generate(model, an_a, without_phrases({"cab", "bcb"}, chain), options).front();
    if (contains_any(plain.text, {"cab", "bcb"})) continue;
    ++same;
    CHECK(kept.tokens == plain.tokens);
    CHECK(kept.logprobs == plain.logprobs);
    CHECK(kept.raw_logprobs == plain.raw_logprobs);
    CHECK(kept.text == plain.text);
    REQUIRE(kept.top.size() == plain.top.size());
    for (std::size_t i = 0; i < kept.top.size(); ++i) CHECK(kept.top[i].token == plain.top[i].token);
  }
  CHECK(same > 30);
}

TEST_CASE("one token that is banned leaves the distribution of the rest: chi-squared of 20,000 draws") {
  auto model = letters_toy();
  ToySequence root(model);
  root.append(an_a);
  std::vector<float> p(root.logits().begin(), root.logits().end());
  p[7] = -HUGE_VALF;
  log_softmax(p);
  std::map<Token, double> seen;
  constexpr int n = 20000;
  for (int i = 0; i < n; ++i)
    seen[generate(root, without_phrases({" "}, draw()), {.max_tokens = 1, .seed = static_cast<std::uint64_t>(i)}).front().tokens[0]] += 1;
  double chi = 0;
  for (std::size_t t = 0; t < p.size(); ++t) {
    if (t == 7) continue;
    const double expected = n * std::exp(static_cast<double>(p[t])), d = seen[static_cast<Token>(t)] - expected;
    chi += d * d / expected;
  }
  CHECK(seen.count(7) == 0);
  CHECK(chi < 31.4);  // 10 degrees of freedom: exceeded once in 2,000 by chance
}

TEST_CASE("the sequence stands at the last piece taken, and what was written ahead is written again") {
  const auto model = letters_toy();
  const Options options{.max_tokens = 20, .ignore_end_tokens = true, .seed = 4};
  const auto ban = without_phrases({"abcabcabc", "bcab"}, draw());
  const auto whole = generate(model, an_a, ban, options).front();
  for (std::size_t stop_after = 1; stop_after < 20; ++stop_after) {
    ToySequence sequence(model);
    sequence.append(an_a);
    std::vector<Token> tokens;
    {
      auto pieces = stream(sequence, ban, options);
      for (const Piece& piece : pieces) {
        tokens.push_back(piece.id);
        if (tokens.size() == stop_after) break;
      }
      CHECK(pieces.sequence().size() == 1 + stop_after);
      for (const Piece& piece : pieces) tokens.push_back(piece.id);
    }
    CHECK(tokens == whole.tokens);
    CHECK(sequence.size() == 21);
  }
}

TEST_CASE("stop strings, end tokens, limits and cancellation hold under a ban") {
  auto model = letters_toy();
  model.ends = {7};
  const std::vector<std::string> phrases{"bc"};
  std::map<StopReason, int> reasons;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto r = generate(model, an_a, without_phrases(phrases, draw()), {.max_tokens = 9, .stop = {"aa"}, .seed = seed}).front();
    ++reasons[r.stop];
    CHECK(r.tokens.size() <= 9);
    CHECK(r.text.find("aa") == std::string::npos);
    CHECK(r.text.find("bc") == std::string::npos);
    CHECK((r.stop == StopReason::end_token) == (r.tokens.back() == 7));
  }
  CHECK(reasons[StopReason::stop_string] > 0);
  CHECK(reasons[StopReason::end_token] > 0);
  CHECK(reasons[StopReason::max_tokens] > 0);
  std::stop_source source;
  source.request_stop();
  CHECK(generate(model, an_a, without_phrases(phrases, draw()), {.cancel = source.get_token()}).front().stop == StopReason::cancelled);
  CHECK_THROWS_AS(generate(model, an_a, without_phrases({""}, draw())), Error);
  model.tokenizes = false;
  CHECK_THROWS_AS(generate(model, an_a, without_phrases(phrases, draw())), Error);
}

TEST_CASE("a banned pattern is never seen, and text waits for it only while it may yet come") {
  const auto model = letters_toy();
  const Banned banned{.phrases = {"cc"}, .patterns = {"ab ?c", "(?i)\\bCA\\b", "b.{0,2}é"}};
  std::vector<Regex> patterns;
  for (const auto& p : banned.patterns) patterns.emplace_back(p);
  const auto is_banned = [&](const std::string& text) {
    return text.find("cc") != text.npos || std::any_of(patterns.begin(), patterns.end(), [&](const Regex& pattern) {
      RegexScanner scanner(pattern, text);
      RegexMatch match;
      return scanner.next(match);
    });
  };
  std::size_t would = 0, same = 0, at_once = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const Options options{.max_tokens = 20, .ignore_end_tokens = true, .seed = seed};
    const auto plain = generate(model, an_a, draw(), options).front();
    std::string streamed;
    std::size_t tokens = 0;
    auto pieces = stream(model, an_a, without_phrases(banned, draw()), options);
    for (const Piece& piece : pieces) {
      streamed += piece.text;
      ++tokens;
      at_once += pieces.result().tokens.size() == tokens && !piece.text.empty();
    }
    REQUIRE(!is_banned(streamed));
    REQUIRE(streamed == pieces.result().text);
    REQUIRE(tokens == 20);
    would += is_banned(plain.text);
    if (!is_banned(plain.text)) same += plain.tokens == pieces.result().tokens;
    else same += plain.tokens != pieces.result().tokens;
  }
  CHECK(would > 200);
  CHECK(same == 400);
  CHECK(at_once > 1000);
}

TEST_CASE("an end token does not save a word that is banned, and a pattern without a bound is refused when too much waits for it") {
  ToyModel model = numbered_toy(12);
  model.ends = {11};
  std::size_t ended = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const auto r = generate(model, an_a, without_phrases(Banned{.patterns = {"<3>$", "<4>(?!<)"}}, draw()), {.max_tokens = 12, .seed = seed}).front();
    ended += r.stop == StopReason::end_token;
    CHECK(!r.text.ends_with("<3>"));
    CHECK(!r.text.ends_with("<4>"));
  }
  CHECK(ended > 100);
  const Options options{.max_tokens = 100, .ignore_end_tokens = true, .seed = 3};
  const auto all = generate(model, an_a, without_phrases(Banned{.patterns = {"<1>(?s:.*)never"}, .most_held = 100}, draw()), options).front();
  CHECK(all.tokens == generate(model, an_a, draw(), options).front().tokens);
  CHECK_THROWS_WITH_AS(generate(model, an_a, without_phrases(Banned{.patterns = {"<1>(?s:.*)never"}, .most_held = 20}, draw()), options),
                       doctest::Contains("'<1>(?s:.*)never' may still match"), Error);
  CHECK_THROWS_AS(without_phrases(Banned{.patterns = {"a*"}}, draw()), Error);
  CHECK_THROWS_AS(without_phrases(Banned{.patterns = {"a"}, .most_held = 0}, draw()), Error);
}
