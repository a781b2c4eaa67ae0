// What is compared by examples/strategies: runs of strategies on the same prompts, and what is measured of them.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "support/page.hpp"
#include "support/strategy.hpp"
#include "weft/metrics/bleu.hpp"
#include "weft/metrics/ngrams.hpp"

namespace example {

/// One call of a strategy: its texts, the best first, and what they cost.
struct Run {
  std::size_t prompt = 0;
  std::uint64_t seed = 0;
  double seconds = 0;
  std::size_t forward_tokens = 0;
  std::vector<weft::Result> texts;
  [[nodiscard]] const weft::Result& text() const { return texts.front(); }
};

/// What is said of a strategy. Of runs with several texts, all but self-BLEU look at the best.
struct Measures {
  double tps = 0, forward = 0, logprob = 0, perplexity = 0, distinct[3] = {}, self_bleu = 1, seq_rep_4 = 0, rep_32 = 0,
         tokens = 0;
};

struct Compared {
  Strategy strategy;
  std::vector<Run> runs;
  Measures measures;
};

struct Comparison {
  std::string model{}, backend{};
  int threads = 0;
  std::int64_t max_tokens = 0, seeds = 0;
  std::uint64_t seed = 0;
  std::vector<std::string> prompts{};
  std::vector<Compared> strategies{};
};

inline Measures measure(const Compared& c, const std::vector<std::vector<weft::Token>>& prompts) {
  Measures m;
  double seconds = 0, forward = 0, sum = 0;
  std::vector<std::vector<weft::Token>> texts;
  std::vector<std::vector<std::vector<weft::Token>>> of_prompt(prompts.size());
  for (const auto& run : c.runs) {
    const auto& r = run.text();
    seconds += run.seconds;
    forward += static_cast<double>(run.forward_tokens);
    for (const float p : r.raw_logprobs) sum += static_cast<double>(p);
    m.tokens += static_cast<double>(r.tokens.size());
    m.seq_rep_4 += weft::seq_rep_n(r.tokens, 4) / static_cast<double>(c.runs.size());
    m.rep_32 += weft::rep_l(prompts[run.prompt], r.tokens, 32) / static_cast<double>(c.runs.size());
    texts.push_back(r.tokens);
    for (const auto& t : run.texts) of_prompt[run.prompt].push_back(t.tokens);
  }
  if (m.tokens == 0) return m;
  m.tps = m.tokens / seconds, m.forward = forward / m.tokens;
  m.logprob = sum / m.tokens, m.perplexity = std::exp(-m.logprob);
  for (std::size_t n = 1; n <= 3; ++n)  // the mean over texts: a long list of texts is no reason for less
    for (const auto& t : texts)
      m.distinct[n - 1] += weft::distinct_n(std::span(&t, 1), n) / static_cast<double>(texts.size());
  double bleu = 0, sets = 0;
  for (const auto& set : of_prompt)
    if (set.size() > 1) bleu += weft::self_bleu(set), ++sets;
  if (sets > 0) m.self_bleu = bleu / sets;
  return m;
}

// The columns of the table, on the terminal and on the page.
struct Column {
  const char *name, *what;
  double (*of)(const Measures&);
  const char* format;
  int better;  ///< 1: more, -1: less
};
inline const std::vector<Column> columns{
    {"tok/s", "tokens of the text kept, per second after the prompt", [](const Measures& m) { return m.tps; }, "{:.1f}",
     1},
    {"fwd/tok", "tokens run through the model per token of the text kept; below 1: none",
     [](const Measures& m) { return m.forward; }, "{:.2f}", -1},
    {"log-prob", "mean of a token, nats, under the model itself (no steps)",
     [](const Measures& m) { return m.logprob; }, "{:.3f}", 1},
    {"ppl", "perplexity of the text under the model, exp(-log-prob)", [](const Measures& m) { return m.perplexity; },
     "{:.2f}", -1},
    {"dist-1", "distinct-1: different tokens / tokens of a text", [](const Measures& m) { return m.distinct[0]; },
     "{:.3f}", 1},
    {"dist-2", "distinct-2, of pairs", [](const Measures& m) { return m.distinct[1]; }, "{:.3f}", 1},
    {"dist-3", "distinct-3, of triples", [](const Measures& m) { return m.distinct[2]; }, "{:.3f}", 1},
    {"self-BLEU", "of the texts that one prompt gets; 1: always the same",
     [](const Measures& m) { return m.self_bleu; }, "{:.3f}", -1},
    {"rep-4", "seq-rep-4: 4-grams of a text that it had before", [](const Measures& m) { return m.seq_rep_4; },
     "{:.3f}", -1},
    {"rep/32", "tokens that are among the 32 before them", [](const Measures& m) { return m.rep_32; }, "{:.3f}", -1},
};

/// A value as its column shows it, and whether none is better: what looks the same is as good.
inline std::string shown(const Column& column, const Measures& m) {
  return fmt::format(fmt::runtime(column.format), column.of(m));
}
inline bool is_best(const Column& column, const Measures& m, const std::vector<Compared>& all) {
  return std::none_of(all.begin(), all.end(), [&](const Compared& c) {
    const double more = column.of(c.measures) - column.of(m);
    return (column.better > 0 ? more > 0 : more < 0) && shown(column, c.measures) != shown(column, m);
  });
}

inline nlohmann::ordered_json json_of(const Comparison& comparison) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& c : comparison.strategies) {
    nlohmann::ordered_json entry{{"name", c.strategy.name},
                                 {"spec", c.strategy.spec},
                                 {"family", family_names[static_cast<std::size_t>(c.strategy.family())]}};
    for (const auto& column : columns) entry["measures"][column.name] = column.of(c.measures);
    entry["runs"] = nlohmann::ordered_json::array();
    for (const auto& run : c.runs) {
      auto texts = nlohmann::ordered_json::array();
      for (const auto& r : run.texts)
        texts.push_back({{"text", r.text},
                         {"tokens", r.tokens},
                         {"raw_logprobs", r.raw_logprobs},
                         {"score", r.score},
                         {"stop", weft::name(r.stop)}});
      entry["runs"].push_back({{"prompt", run.prompt},
                               {"seed", run.seed},
                               {"seconds", run.seconds},
                               {"forward_tokens", run.forward_tokens},
                               {"texts", std::move(texts)}});
    }
    list.push_back(std::move(entry));
  }
  return {{"model", comparison.model},           {"backend", comparison.backend}, {"threads", comparison.threads},
          {"max_tokens", comparison.max_tokens}, {"seed", comparison.seed},       {"seeds", comparison.seeds},
          {"prompts", comparison.prompts},       {"strategies", std::move(list)}};
}

}  // namespace example
