// Every search with every feature: a matrix of 6 x 7 cells, each checked against something that knows nothing of the two together.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "decode/oracle_drafter.hpp"
#include "decode/toy_start.hpp"
#include "support/same_result.hpp"
#include "support/toy_hidden.hpp"
#include "weft/decode/beam.hpp"
#include "weft/decode/best_first.hpp"
#include "weft/decode/contrastive_search.hpp"
#include "weft/decode/generate.hpp"
#include "weft/decode/side_by_side.hpp"
#include "weft/decode/speculative.hpp"
#include "weft/decode/speculative_beam.hpp"
#include "weft/sample/parameters.hpp"
#include "weft/sample/steps.hpp"

using namespace weft;
using namespace weft::test;

namespace {

// The rows. `single`: one text, token by token.
struct Greedy {
  static auto how() { return greedy(); }
  static constexpr bool single = true;
};
struct Drawn {
  static auto how() { return draw(); }
  static constexpr bool single = true;
};
struct Beams {
  static auto how() { return beam({.width = 4, .returned = 4}); }
  static constexpr bool single = false;
};
struct DiverseBeams {
  static auto how() { return beam({.width = 6, .groups = 3, .diversity = 0.7f, .returned = 6}); }
  static constexpr bool single = false;
};
struct Contrastive {
  static auto how() { return contrastive_search({.alpha = 0.4f, .k = 3}); }
  static constexpr bool single = true;
};
struct Tree {
  static auto how() { return best_first({.returned = 4, .batch = 2}); }
  static constexpr bool single = false;
};
#define ROWS Greedy, Drawn, Beams, DiverseBeams, Contrastive, Tree

template <class Row>
constexpr bool is_beam = std::same_as<Row, Beams> || std::same_as<Row, DiverseBeams>;

/// A tree of 8^6 leaves is searched to a proof in no time; texts differ everywhere.
HiddenToyModel tree_toy(std::uint64_t seed) {
  auto model = numbered_hidden_toy(8);
  model.seed = seed;
  model.spread = 6;
  return model;
}

const Options limits{.max_tokens = 6, .ignore_end_tokens = true, .seed = 5};

/// log-probs after a text, by nothing but the model and the textbook.
std::vector<double> log_probs_after(const HiddenToyModel& model, std::span<const Token> text) {
  HiddenToySequence s(model);
  s.append(text);
  double sum = 0;
  for (const float x : s.logits()) sum += std::exp(static_cast<double>(x));
  std::vector<double> all;
  for (const float x : s.logits()) all.push_back(static_cast<double>(x) - std::log(sum));
  return all;
}

void same_texts(const std::vector<Result>& a, const std::vector<Result>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    REQUIRE(a[i].tokens == b[i].tokens);
    for (std::size_t t = 0; t < a[i].tokens.size(); ++t) REQUIRE(a[i].logprobs[t] == doctest::Approx(b[i].logprobs[t]).epsilon(1e-4));
  }
}

// --- penalties, by hand
constexpr float per_occurrence = 0.9f, once = 0.6f;
// (steps are made of numbers, so that all of them are one type, and the matrix compiles in half the time)
auto penalties() {
  SamplingParameters p;
  p.frequency_penalty = per_occurrence;
  p.presence_penalty = once;
  return steps_from(p);
}
template <class Number>
void penalise(std::span<Number> logits, std::span<const Token> text) {
  std::map<Token, int> times;
  for (const Token t : text.subspan(two_tokens.size())) ++times[t];
  for (const auto& [t, n] : times) {
    logits[static_cast<std::size_t>(t)] -= static_cast<Number>(per_occurrence) * static_cast<Number>(n);
    logits[static_cast<std::size_t>(t)] -= static_cast<Number>(once);
  }
}

struct Written {
  std::vector<Token> text{};
  double sum = 0;
};
/// Beam search as the textbook has it, over all continuations of all branches, without ends.
std::vector<Written> textbook_beams(const HiddenToyModel& model, const BeamOptions& how, std::size_t length) {
  const auto width = static_cast<std::size_t>(how.width / how.groups);
  std::vector<std::vector<Written>> groups(static_cast<std::size_t>(how.groups), {Written{two_tokens, 0}});
  for (std::size_t n = 0; n < length; ++n) {
    std::vector<Token> spoken;
    for (auto& group : groups) {
      std::vector<Written> all;
      for (const auto& branch : group) {
        auto logprobs = log_probs_after(model, branch.text);
        for (const Token t : spoken) logprobs[static_cast<std::size_t>(t)] -= static_cast<double>(how.diversity);
        penalise(std::span(logprobs), std::span<const Token>(branch.text));
        for (std::size_t t = 0; t < logprobs.size(); ++t) {
          all.push_back({branch.text, branch.sum + logprobs[t]});
          all.back().text.push_back(static_cast<Token>(t));
        }
      }
      std::ranges::stable_sort(all, std::greater<>(), &Written::sum);
      all.resize(std::min(all.size(), width));
      for (const auto& w : all) spoken.push_back(w.text.back());
      group = std::move(all);
    }
  }
  std::vector<Written> all;
  for (const auto& group : groups) all.insert(all.end(), group.begin(), group.end());
  std::ranges::stable_sort(all, std::greater<>(), &Written::sum);
  return all;
}

}  // namespace

TEST_CASE_TEMPLATE("penalties: the search finds what it finds where the penalties were subtracted by hand", Row, ROWS) {
  bool matters = false;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto model = tree_toy(seed);
    const auto found = generate(model, two_tokens, penalties() | Row::how(), limits);
    matters = matters || found.front().tokens != generate(model, two_tokens, Row::how(), limits).front().tokens;
    if constexpr (is_beam<Row>) {
      const auto expected = textbook_beams(model, Row::how().options, 6);
      REQUIRE(found.size() == expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) {
        CHECK(std::ranges::equal(found[i].tokens, std::span(expected[i].text).subspan(two_tokens.size())));
        CHECK(found[i].score == doctest::Approx(expected[i].sum / 6).epsilon(1e-5));
      }
    } else {
      auto penalised = model;
      penalised.alter = [](std::span<float> logits, std::span<const Token> text) { penalise(logits, text); };
      same_texts(found, generate(penalised, two_tokens, Row::how(), limits));
    }
  }
  CHECK(matters);
}

TEST_CASE_TEMPLATE("stop strings: no text holds one, and each is the text of its tokens cut before the first", Row, ROWS) {
  std::size_t stopped = 0;
  const std::vector<std::string> stops{"<3><5>", "><4", "7"};
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const auto model = tree_toy(seed);
    auto options = limits;
    options.stop = stops;
    const auto found = generate(model, two_tokens, Row::how(), options);
    for (const auto& r : found) {
      std::string whole;
      for (const Token t : r.tokens) whole += model.vocabulary[static_cast<std::size_t>(t)];
      std::size_t cut = whole.size();
      for (const auto& s : stops) {
        CHECK(r.text.find(s) == std::string::npos);
        cut = std::min(cut, whole.find(s));
      }
      CHECK(r.text == whole.substr(0, cut));
      CHECK((r.stop == StopReason::stop_string) == (cut < whole.size()));
      CHECK(std::ranges::count(stops, r.stop_string) == (r.stop == StopReason::stop_string));
      stopped += r.stop == StopReason::stop_string;
    }
    if (!Row::single) continue;
    const auto untouched = generate(model, two_tokens, Row::how(), limits).front();
    const auto& tokens = found.front().tokens;
    CHECK(std::equal(tokens.begin(), tokens.end(), untouched.tokens.begin()));
    CHECK(untouched.text.starts_with(found.front().text));
  }
  CHECK(stopped > 10);
}

TEST_CASE_TEMPLATE("log-probs: a text's sum is what scoring it gives, and the alternatives are the model's", Row, ROWS) {
  SamplingParameters cool;
  cool.temperature = 0.7f;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto model = tree_toy(seed);
    auto options = limits;
    options.logprobs = 3;
    const auto found = generate(model, two_tokens, steps_from(cool) | Row::how(), options);
    same_texts(found, generate(model, two_tokens, steps_from(cool) | Row::how(), limits));  // to look changes nothing
    for (const auto& r : found) {
      auto text = two_tokens;
      double raw = 0, sum = 0;
      for (std::size_t i = 0; i < r.tokens.size(); ++i) {
        const auto expected = log_probs_after(model, text);
        raw += expected[static_cast<std::size_t>(r.tokens[i])];
        sum += static_cast<double>(r.raw_logprobs[i]);
        auto order = expected;
        std::ranges::sort(order, std::greater<>());
        const auto top = r.top_raw_at(i);
        REQUIRE(top.size() == 3);
        for (std::size_t n = 0; n < 3; ++n) {
          CHECK(static_cast<double>(top[n].logprob) == doctest::Approx(order[n]).epsilon(1e-5));
          CHECK(top[n].logprob == doctest::Approx(expected[static_cast<std::size_t>(top[n].token)]).epsilon(1e-5));
        }
        // after the chain: p^(1/t), normalised anew but in beams, which compare log-probs as they come out of the steps
        double normal = 0;
        for (const double x : expected) normal += std::exp(x / 0.7);
        const double cooled = expected[static_cast<std::size_t>(r.tokens[i])] / 0.7 - (is_beam<Row> ? 0 : std::log(normal));
        if (!std::same_as<Row, DiverseBeams>) CHECK(static_cast<double>(r.logprobs[i]) == doctest::Approx(cooled).epsilon(1e-4));
        text.push_back(r.tokens[i]);
      }
      CHECK(sum == doctest::Approx(raw).epsilon(1e-5));
      if (Row::single) CHECK(r.score == doctest::Approx(raw).epsilon(1e-5));
    }
  }
}

// --- drafting. A draft is checked against what is chosen at each of its tokens, so speculative() takes chains and beams. For the other two it
// does not compile, and the compiler names both; there drafts make no sense:
// - contrastive search looks at the hidden states of k continuations of each token, of which a draft has run one.
// - best-first search runs prefixes in any order and waits for none; BestFirstOptions::batch is what runs ahead there.
template <class How>
concept Drafts = requires(const How& how, OracleDrafter drafter) { speculative(how, drafter); };

TEST_CASE_TEMPLATE("drafting: the texts are those without, or it does not compile", Row, ROWS) {
  const SpeculativeOptions eager{.pass_cost = [](std::int64_t) { return 1.0; }, .draft_cost = [](std::int64_t) { return 0.0; }};
  static_assert(Drafts<decltype(Row::how())> == !(std::same_as<Row, Contrastive> || std::same_as<Row, Tree>));
  if constexpr (Drafts<decltype(Row::how())>) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      const auto model = tree_toy(seed);
      auto options = limits;
      options.max_tokens = Row::single ? 40 : 12;
      options.logprobs = 2;
      const auto alone = generate(model, two_tokens, penalties() | Row::how(), options);
      OracleDrafter drafter{.text = two_tokens, .right = 0.7, .vocab = 8, .seed = 10 * seed};
      drafter.text.insert(drafter.text.end(), alone.front().tokens.begin(), alone.front().tokens.end());
      const auto drafted = generate(model, two_tokens, speculative(penalties() | Row::how(), drafter, eager), options);
      REQUIRE(drafted.size() == alone.size());
      for (std::size_t i = 0; i < alone.size(); ++i) check_same(drafted[i], alone[i]);
      CHECK(drafted.front().stats.drafted_tokens > 0);
    }
  }
}

TEST_CASE_TEMPLATE("custom step: a lambda does what the built-in step does", Row, ROWS) {
  const auto own = [](std::span<float> logits, std::span<const Token> text) {
    for (const Token t : text.subspan(two_tokens.size())) logits[static_cast<std::size_t>(t)] -= per_occurrence;
  };
  struct Counting {  // its counts are its own: they travel with forks, or branches would count each other's tokens
    std::vector<Token> seen{};
    void operator()(std::span<float> logits, const StepContext& context) {
      seen.resize(std::min(seen.size(), context.unchanged));
      while (seen.size() < context.history.size()) seen.push_back(context.history[seen.size()]);
      for (std::size_t i = context.prompt_length; i < seen.size(); ++i) logits[static_cast<std::size_t>(seen[i])] -= per_occurrence;
    }
  };
  SamplingParameters frequency;
  frequency.frequency_penalty = per_occurrence;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto model = tree_toy(seed);
    const auto built_in = generate(model, two_tokens, steps_from(frequency) | Row::how(), limits);
    same_texts(generate(model, two_tokens, own | Row::how(), limits), built_in);
    same_texts(generate(model, two_tokens, Counting{} | Row::how(), limits), built_in);
  }
}

TEST_CASE_TEMPLATE("callbacks: they see the tokens of the best result, in order, and change nothing", Row, ROWS) {
  std::size_t before_the_end = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const auto model = tree_toy(seed);
    auto options = limits;
    options.max_tokens = 12;
    options.ignore_end_tokens = seed % 2 == 0;
    options.logprobs = 1;
    if (seed % 3 == 0) options.stop = {"<3><5>", "><4"};
    if (std::same_as<Row, Tree>) options.max_tokens = 5;
    const auto plain = generate(model, two_tokens, Row::how(), options);
    std::vector<Token> tokens;
    std::vector<float> logprobs, raw_logprobs;
    std::vector<std::size_t> passes, prefilled;
    std::string text;
    options.on_piece = [&](const Piece& piece) {
      tokens.push_back(piece.id);
      text += piece.text;
      logprobs.push_back(piece.logprob);
      raw_logprobs.push_back(piece.raw_logprob);
      passes.push_back(model.passes);
      CHECK(piece.top.size() == 1);
      CHECK(piece.top_raw.size() == 1);
    };
    options.on_prefill = [&](std::size_t done, std::size_t total) {
      prefilled.push_back(done);
      CHECK(total == two_tokens.size());
    };
    const auto heard = generate(model, two_tokens, Row::how(), options);
    REQUIRE(heard.size() == plain.size());
    for (std::size_t i = 0; i < heard.size(); ++i) check_same(heard[i], plain[i]);
    CHECK(tokens == plain.front().tokens);
    CHECK(logprobs == plain.front().logprobs);
    CHECK(raw_logprobs == plain.front().raw_logprobs);
    CHECK(text == plain.front().text);
    CHECK(prefilled == std::vector<std::size_t>{two_tokens.size()});
    before_the_end += !passes.empty() && passes.front() < model.passes;
  }
  if (!std::same_as<Row, Tree>) CHECK(before_the_end > 5);  // a tree knows its best text only when it has proved it
}

TEST_CASE_TEMPLATE("batch: each row has the result that it has alone", Row, ROWS) {
  const auto model = tree_toy(3);
  const std::vector<std::vector<Token>> prompts{{1, 2}, {4}, {1, 2}, {5, 5, 6, 1, 0, 2, 3}, {6, 1}};
  std::vector<Options> options;
  std::vector<std::vector<Token>> heard(prompts.size());
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    options.push_back({.max_tokens = 5, .stop = {"<3><5>"}, .seed = i, .logprobs = static_cast<std::int64_t>(i % 2)});
    options.back().on_piece = [&heard, i](const Piece& piece) { heard[i].push_back(piece.id); };
  }
  const auto together = generate_each(model, prompts, penalties() | Row::how(), options);
  REQUIRE(together.size() == prompts.size());
  const auto heard_together = std::exchange(heard, std::vector<std::vector<Token>>(prompts.size()));
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const auto alone = generate(model, prompts[i], penalties() | Row::how(), options[i]);
    REQUIRE(together[i].size() == alone.size());
    for (std::size_t r = 0; r < alone.size(); ++r) check_same(together[i][r], alone[r]);
    CHECK(heard_together[i] == alone.front().tokens);
  }
}

TEST_CASE_TEMPLATE("state travels with forks: a text's log-probs are those of new steps that read it from its beginning", Row, ROWS) {
  const auto check = [](const SamplingParameters& p) {
    const auto steps = steps_from(p);
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      auto model = tree_toy(seed);
      model.order = 1;  // texts that come back, for DRY to see
      auto options = limits;
      options.max_tokens = std::same_as<Row, Tree> ? 6 : 14;
      options.seed = seed;
      for (const auto& r : generate(model, two_tokens, steps | Row::how(), options)) {
        auto fresh = steps;
        weft::prepare(fresh, 8, 32);
        HiddenToySequence s(model);
        s.append(two_tokens);
        for (std::size_t i = 0; i < r.tokens.size(); ++i) {
          std::vector<float> logits(s.logits().begin(), s.logits().end());
          if (!Row::single) log_softmax(logits);
          const StepContext context{.history = s.tokens(), .prompt_length = two_tokens.size(), .unchanged = i == 0 ? 0 : s.size() - 1, .seed = seed};
          weft::apply(fresh, std::span<float>(logits), context);
          if (!is_beam<Row>) log_softmax(logits);
          REQUIRE(r.logprobs[i] == doctest::Approx(logits[static_cast<std::size_t>(r.tokens[i])]).epsilon(1e-4));
          s.append(std::span(r.tokens).subspan(i, 1));
        }
      }
    }
  };
  if (std::same_as<Row, DiverseBeams>) return;  // what other groups chose is in its log-probs too; the steps are those of Beams
  for (const int version : {1, 2}) {
    SamplingParameters mirostat;
    mirostat.mirostat = version;
    mirostat.mirostat_tau = 1.5f;
    mirostat.mirostat_eta = 0.5f;
    check(mirostat);
  }
  SamplingParameters adaptive, repeats, counts;
  adaptive.adaptive_p = 0.4f;
  check(adaptive);
  repeats.dry = {.multiplier = 1.5f, .allowed_length = 1, .breakers = {}};
  check(repeats);
  counts.frequency_penalty = per_occurrence;
  counts.presence_penalty = once;
  check(counts);
}
