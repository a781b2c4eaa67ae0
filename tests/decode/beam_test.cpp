#include "weft/decode/beam.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "decode/toy_start.hpp"
#include "support/toy_sequence.hpp"
#include "weft/decode/generate.hpp"
#include "weft/sample/parameters.hpp"
#include "weft/sample/steps.hpp"

using namespace weft;
using namespace weft::test;

namespace {

// log-probability of `tokens` after `two_tokens`
double log_prob_of(const ToyModel& model, std::span<const Token> tokens) {
  ToySequence s(model);
  s.append(two_tokens);
  double sum = 0;
  for (const Token& t : tokens) {
    std::vector<float> logits(s.logits().begin(), s.logits().end());
    log_softmax(logits);
    sum += static_cast<double>(logits[static_cast<std::size_t>(t)]);
    s.append(std::span<const Token>(&t, 1));
  }
  return sum;
}
}  // namespace

TEST_CASE("a beam as wide as the tree is deep finds the best sequences of all") {
  auto model = numbered_toy(5);
  model.ends.clear();
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    model.seed = seed;
    std::multimap<double, std::vector<Token>, std::greater<>> all;
    for (Token a = 0; a < 5; ++a)
      for (Token b = 0; b < 5; ++b)
        for (Token c = 0; c < 5; ++c) {
          const std::vector<Token> tokens{a, b, c};
          all.emplace(log_prob_of(model, tokens), tokens);
        }
    const auto found = generate(model, two_tokens, beam({.width = 125, .length_penalty = 0, .returned = 10}), {.max_tokens = 3});
    auto best = all.begin();
    for (const auto& r : found) {
      REQUIRE(r.tokens == best->second);
      REQUIRE(r.score == doctest::Approx(best->first).epsilon(1e-5));
      ++best;
    }
  }
}

TEST_CASE("a beam of width one is greedy") {
  const auto model = numbered_toy(40);
  const auto a = generate(model, two_tokens, beam({.width = 1}), {.max_tokens = 15, .ignore_end_tokens = true}).front();
  const auto b = generate(model, two_tokens, greedy(), {.max_tokens = 15, .ignore_end_tokens = true}).front();
  CHECK(a.tokens == b.tokens);
  CHECK(a.text == b.text);
  CHECK(a.raw_logprobs == b.raw_logprobs);
}

TEST_CASE("the score is the sum of the log-probs over the length to the power of the penalty, best first") {
  const auto model = numbered_toy(12);
  for (const float penalty : {0.0f, 0.6f, 1.0f, 2.0f}) {
    const auto results = generate(model, two_tokens, beam({.width = 5, .length_penalty = penalty, .returned = 5}), {.max_tokens = 12, .logprobs = 2});
    REQUIRE(results.size() == 5);
    for (std::size_t i = 0; i < results.size(); ++i) {
      const auto& r = results[i];
      const double sum = log_prob_of(model, r.tokens);
      CHECK(r.score == doctest::Approx(sum / std::pow(static_cast<double>(r.tokens.size()), static_cast<double>(penalty))));
      if (i > 0) CHECK(results[i - 1].score >= r.score);
      CHECK(r.top.size() == 2 * r.tokens.size());
      CHECK((r.stop == StopReason::end_token) == (r.tokens.back() == 11));
    }
  }
}

TEST_CASE("a hypothesis ends at a stop string, which its text does not contain") {
  const auto model = numbered_toy(8);
  const auto results = generate(model, two_tokens, beam({.width = 4, .returned = 4}), {.max_tokens = 20, .stop = {"<3>"}, .ignore_end_tokens = true});
  std::size_t stopped = 0;
  for (const auto& r : results) {
    CHECK(r.text.find("<3>") == std::string::npos);
    if (r.stop != StopReason::stop_string) continue;
    ++stopped;
    CHECK(r.tokens.back() == 3);
    CHECK(r.stop_string == "<3>");
  }
  CHECK(stopped > 0);
}

TEST_CASE("steps stand before a beam, each branch with a state of its own") {
  const auto model = numbered_toy(20);
  const auto results = generate(model, two_tokens, no_repeat_ngram(1) | repetition_penalty(1.2f) | beam({.width = 4, .returned = 4}), {.max_tokens = 12, .ignore_end_tokens = true});
  for (const auto& r : results) {
    auto sorted = r.tokens;
    std::sort(sorted.begin(), sorted.end());
    CHECK(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end());
  }
}

TEST_CASE("branches that run out and steps that exclude all are an end or an error, never a wrong token") {
  const auto model = numbered_toy(4);
  // after four distinct tokens of a vocabulary of four nothing is left: what is finished by then is returned, or refused
  auto none = [](std::span<float> logits, std::span<const Token>) {
    for (float& x : logits) x = -HUGE_VALF;
  };
  CHECK_THROWS_AS(generate(model, two_tokens, none | beam(), {.max_tokens = 3}), Error);
  auto only_end = [](std::span<float> logits, std::span<const Token>) {
    for (std::size_t i = 0; i < 3; ++i) logits[i] = -HUGE_VALF;
  };
  const auto results = generate(model, two_tokens, only_end | beam({.width = 3, .returned = 3}), {.max_tokens = 3});
  REQUIRE(results.size() == 1);
  CHECK(results.front().tokens == std::vector<Token>{3});
}

TEST_CASE("a cancelled search returns its best branches so far") {
  const auto model = numbered_toy(20);
  std::stop_source source;
  auto stop_later = [&](std::span<float>, std::span<const Token> history) {
    if (history.size() == 6) source.request_stop();
  };
  const auto results = generate(model, two_tokens, stop_later | beam({.width = 3, .returned = 3}), {.max_tokens = 30, .ignore_end_tokens = true, .cancel = source.get_token()});
  REQUIRE(results.size() == 3);
  for (const auto& r : results) {
    CHECK(r.stop == StopReason::cancelled);
    CHECK(r.tokens.size() == 5);
  }
}

TEST_CASE("groups without diversity are so many equal beams; with much of it no two groups say the same at a step") {
  auto model = numbered_toy(15);
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    model.seed = seed;
    const Options options{.max_tokens = 8, .ignore_end_tokens = true};
    const auto one = generate(model, two_tokens, beam({.width = 3, .returned = 3}), options);
    const auto equal = generate(model, two_tokens, beam({.width = 6, .groups = 2, .returned = 6}), options);
    for (std::size_t i = 0; i < 6; ++i) CHECK(equal[i].tokens == one[i / 2].tokens);
    const auto diverse = generate(model, two_tokens, beam({.width = 4, .groups = 4, .diversity = 1000, .returned = 4}), options);
    for (std::size_t at = 0; at < 8; ++at)
      for (std::size_t i = 0; i < 4; ++i)
        for (std::size_t j = 0; j < i; ++j) CHECK(diverse[i].tokens[at] != diverse[j].tokens[at]);
  }
}

namespace {
bool contains(const std::vector<Token>& text, const std::vector<Token>& phrase) {
  return std::search(text.begin(), text.end(), phrase.begin(), phrase.end()) != text.end();
}
}  // namespace

TEST_CASE("a beam as wide as the tree finds the best text of all that hold a forced token and one of two others") {
  auto model = numbered_toy(4);
  for (std::uint64_t seed = 1; seed < 30; ++seed) {
    model.seed = seed;
    double best = -HUGE_VAL;
    std::vector<Token> best_text;
    for (Token code = 0; code < 256; ++code) {
      const std::vector<Token> text{code / 64, code / 16 % 4, code / 4 % 4, code % 4};
      const bool holds = contains(text, {0}) && (contains(text, {2}) || contains(text, {3}));
      if (const double p = log_prob_of(model, text); holds && p > best) best = p, best_text = text;
    }
    const BeamOptions how{.width = 256, .length_penalty = 0, .forced = {{.any_of = {{0}}}, {.any_of = {{2}, {3}}}}};
    const auto found = generate(model, two_tokens, beam(how), {.max_tokens = 4, .ignore_end_tokens = true}).front();
    CHECK(found.missing == 0);
    CHECK(found.tokens == best_text);
    CHECK(found.score == doctest::Approx(best).epsilon(1e-5));
  }
}

TEST_CASE("every result that misses nothing holds each forced phrase; where there is no room the result says so") {
  auto model = numbered_toy(30);
  for (std::uint64_t seed = 1; seed < 40; ++seed) {
    model.seed = seed;
    BeamOptions how{.width = 4, .forced = {{.any_of = {{5, 6, 5}}}, {.any_of = {{7, 8}, {9, 10, 11}}}}, .returned = 4};
    std::size_t complete = 0;
    for (const auto& r : generate(model, two_tokens, no_repeat_ngram(3) | beam(how), {.max_tokens = 10})) {
      if (r.missing > 0) continue;
      ++complete;
      CHECK(contains(r.tokens, {5, 6, 5}));
      CHECK((contains(r.tokens, {7, 8}) || contains(r.tokens, {9, 10, 11})));
    }
    CHECK(complete > 0);
    how.groups = 2;
    how.diversity = 0.5f;
    CHECK(generate(model, two_tokens, beam(how), {.max_tokens = 10}).front().missing == 0);
    for (const auto& r : generate(model, two_tokens, beam(how), {.max_tokens = 3})) CHECK(r.missing >= 1);
  }
  // a phrase that the prompt holds, or begins, counts with Hugging Face
  const std::vector<Token> prompt{1, 5, 6};
  const BeamOptions how{.width = 2, .forced = {{.any_of = {{6, 7}}}, {.any_of = {{5}}}}, .forced_as_hugging_face = true};
  const auto r = generate(model, prompt, beam(how), {.max_tokens = 1, .ignore_end_tokens = true}).front();
  CHECK(r.tokens == std::vector<Token>{7});
  CHECK(r.missing == 0);
}

TEST_CASE("a forced phrase may complete a stop string, and what cannot be forced is refused") {
  const auto model = numbered_toy(10);
  const auto r = generate(model, two_tokens, beam({.forced = {{.any_of = {{3, 4}}}}}), {.max_tokens = 8, .stop = {"<4>"}}).front();
  CHECK(r.missing == 0);
  CHECK(r.stop == StopReason::stop_string);
  CHECK(contains(r.tokens, {3, 4}));
  CHECK_THROWS_AS(beam({.forced = {{}}}), Error);
  CHECK_THROWS_AS(beam({.forced = {{.any_of = {{}}}}}), Error);
  CHECK_THROWS_AS(beam({.forced = {{.any_of = {{1, 2}, {1, 2, 3}}}}}), Error);
  CHECK_THROWS_AS(generate(model, two_tokens, beam({.forced = {{.any_of = {{10}}}}})), Error);
}

TEST_CASE("a sampled beam of width one keeps the better of two draws without replacement: chi-squared of 20,000 draws") {
  auto model = numbered_toy(6);
  model.spread = 2;
  ToySequence root(model);
  root.append(two_tokens);
  std::vector<float> logits(root.logits().begin(), root.logits().end());
  log_softmax(logits);
  std::vector<double> expected(6, 0), seen(6, 0);
  constexpr int n = 20000;
  for (std::size_t a = 0; a < 6; ++a)
    for (std::size_t b = 0; b < 6; ++b) {
      const double p = std::exp(static_cast<double>(logits[a])), q = std::exp(static_cast<double>(logits[b]));
      if (a != b) expected[logits[a] > logits[b] ? a : b] += n * p * q / (1 - p);
    }
  for (int i = 0; i < n; ++i) {
    const Options options{.max_tokens = 1, .ignore_end_tokens = true, .seed = static_cast<std::uint64_t>(i)};
    seen[static_cast<std::size_t>(generate(root, beam({.width = 1, .sampled = true}), options).front().tokens[0])] += 1;
  }
  double chi = 0;
  std::size_t cells = 0;
  for (std::size_t t = 0; t < 6; ++t) {
    if (expected[t] < 1e-9) {
      CHECK(seen[t] == 0);
      continue;
    }
    chi += (seen[t] - expected[t]) * (seen[t] - expected[t]) / expected[t];
    ++cells;
  }
  CHECK(cells == 5);  // the least likely token never wins
  CHECK(chi < 20);    // 4 degrees of freedom: exceeded once in 2,000 by chance
}

TEST_CASE("sampled beams depend on the seed alone, score what they hold, and differ from seed to seed") {
  const auto model = numbered_toy(20);
  const Options options{.max_tokens = 8, .seed = 3};
  const BeamOptions how{.width = 4, .length_penalty = 0, .sampled = true, .returned = 4};
  const auto a = generate(model, two_tokens, beam(how), options), b = generate(model, two_tokens, beam(how), options);
  bool differ = false;
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(a[i].tokens == b[i].tokens);
    CHECK(a[i].score == doctest::Approx(log_prob_of(model, a[i].tokens)).epsilon(1e-5));
    CHECK(a[i].tokens.size() <= 8);
  }
  for (std::uint64_t seed = 4; seed < 9; ++seed)
    differ = differ || generate(model, two_tokens, beam(how), {.max_tokens = 8, .seed = seed}).front().tokens != a.front().tokens;
  CHECK(differ);
  // drawn from what the steps leave
  for (const auto& r : generate(model, two_tokens, top_k(1) | beam({.width = 1, .sampled = true}), options))
    CHECK(r.tokens == generate(model, two_tokens, greedy(), options).front().tokens);
}

TEST_CASE("beam options outside their ranges are refused") {
  CHECK_THROWS_AS(beam({.width = 4, .groups = 3}), Error);
  CHECK_THROWS_AS(beam({.width = 4, .groups = 0}), Error);
  CHECK_THROWS_AS(beam({.width = 4, .groups = 2, .diversity = -1}), Error);
  CHECK_THROWS_AS(beam({.width = 0}), Error);
  CHECK_THROWS_AS(beam({.width = 2, .returned = 3}), Error);
  CHECK_THROWS_AS(beam({.width = 2, .returned = 0}), Error);
  CHECK_THROWS_AS(beam({.length_penalty = HUGE_VALF}), Error);
}

TEST_CASE("who watches a beam sees each branch grow from one that was kept, and its results among them") {
  auto model = numbered_toy(12);
  for (const std::int64_t groups : {1, 2}) {
    for (model.seed = 1; model.seed < 12; ++model.seed) {
      CAPTURE(model.seed);
      struct Open {
        std::vector<Token> tokens;
        double sum = 0;
      };
      std::vector<std::vector<Open>> open(2, {Open{}});
      std::vector<std::vector<Token>> finished;
      std::size_t steps = 0, pruned = 0;
      BeamOptions how{.width = 4, .length_penalty = 0.5f, .groups = groups, .diversity = groups > 1 ? 0.5f : 0.0f, .returned = 4};
      const auto unwatched = generate(model, two_tokens, beam(how), {.max_tokens = 8});
      how.on_step = [&](const BeamStep& step) {
        ++steps;
        REQUIRE(step.group < static_cast<std::size_t>(groups));
        const auto width = static_cast<std::size_t>(4 / groups);
        auto& before = open[step.group];
        std::vector<Open> next(width);
        std::size_t kept = 0;
        CHECK(step.candidates.size() <= 2 * width);
        double last = HUGE_VAL;
        for (const auto& c : step.candidates) {
          CHECK(c.sum <= last);
          last = c.sum;
          REQUIRE(c.parent < before.size());
          const auto& parent = before[c.parent];
          CHECK(parent.tokens.size() + 1 == step.length);
          CHECK(c.sum == doctest::Approx(parent.sum + static_cast<double>(c.logprob)));
          auto tokens = parent.tokens;
          tokens.push_back(c.token);
          CHECK(static_cast<double>(c.raw_logprob) == doctest::Approx(log_prob_of(model, tokens) - log_prob_of(model, parent.tokens)).epsilon(1e-4));
          if (c.fate == BeamCandidate::Fate::kept) {
            REQUIRE(c.child < width);
            next[c.child] = {tokens, c.sum};
            ++kept;
          }
          if (c.fate == BeamCandidate::Fate::finished) {
            CHECK(c.token == 11);
            finished.push_back(tokens);
          }
          pruned += c.fate == BeamCandidate::Fate::pruned;
        }
        next.resize(kept);
        before = step.done ? std::vector<Open>() : std::move(next);
      };
      const auto results = generate(model, two_tokens, beam(how), {.max_tokens = 8});
      REQUIRE(results.size() == unwatched.size());
      for (std::size_t i = 0; i < results.size(); ++i) {
        CHECK(results[i].tokens == unwatched[i].tokens);
        bool seen = std::find(finished.begin(), finished.end(), results[i].tokens) != finished.end();
        for (const auto& group : open)
          for (const auto& o : group) seen = seen || o.tokens == results[i].tokens;
        CHECK(seen);
      }
      CHECK(steps >= 1);
      CHECK(pruned > 0);
    }
  }
}
