// sampling: what choosing a token costs, in microseconds: each step alone, and the full chain.
//
//   sampling --vocab 49152 --history 512           logits that are made up
//   sampling -m model.gguf                         those of a model, after the words of a text
#include "benchmarks/support/allocations.hpp"
#include "benchmarks/support/report.hpp"
#include "weft/core/clock.hpp"
#include "weft/weft.hpp"

#include <random>

namespace {

struct Settings {
  std::size_t vocab = 49152, history = 512;
  int tokens = 500, rounds = 5;
  std::string format = "md", model;
};

/// Logits as a language model gives them, more or less: most tokens far below a few (normal, and a heavier upper tail).
std::vector<std::vector<float>> make_logits(std::size_t vocab) {
  std::mt19937 random(1);
  std::normal_distribution<float> bulk(0, 2.5f);
  std::exponential_distribution<float> tail(0.4f);
  std::vector<std::vector<float>> all(16, std::vector<float>(vocab));
  for (auto& logits : all) {
    for (auto& x : logits) x = bulk(random);
    for (int i = 0; i < 64; ++i) logits[random() % vocab] += 5 + tail(random);
  }
  return all;
}

/// Those of a model after each of the last 16 tokens of a text.
std::vector<std::vector<float>> logits_of(const std::string& path) {
  const weft::Model<weft::Cpu<>> model(path);
  const auto text = model.tokenizer().encode_prompt(
      "The lighthouse keeper climbed the stairs every evening, and when the lamp was lit he wrote down the names of the ships that had passed. In the "
      "winter of 1953 there were only eleven of them. His daughter asked: \"Where do they go, when they are gone?\" He said that");
  weft::Sequence<weft::Cpu<>> sequence(model);
  std::vector<std::vector<float>> all;
  for (const weft::Token t : text) {
    sequence.append(std::span<const weft::Token>(&t, 1));
    all.emplace_back(sequence.logits().begin(), sequence.logits().end());
  }
  all.erase(all.begin(), all.end() - 16);
  return all;
}

class Bench {
 public:
  explicit Bench(const Settings& s, std::vector<std::vector<float>> logits) : s_(s), logits_(std::move(logits)), work_(s.vocab) {
    std::mt19937 random(2);  // small ids more often: as in texts, tokens come back
    const auto common = std::min<std::size_t>(s.vocab, 4000);
    for (std::size_t i = 0; i < s.history + static_cast<std::size_t>(s.tokens); ++i)
      history_.push_back(static_cast<weft::Token>(random() % common * (random() % common) / common));
  }

  /// Adds a row for a strategy: a chain that ends in a pick.
  template <class Strategy>
  void add(const std::string& name, const Strategy& strategy) {
    auto sampler = weft::detail::as_sampler(strategy);
    sampler.prepare(s_.vocab, history_.size());
    weft::Token chosen = 0;
    const auto one = [&](std::span<float> logits, const weft::StepContext& context) {
      sampler.process(logits, context, false);
      chosen = chosen ^ sampler.choose(logits, context).token;
    };
    push(name, measure(one));
    if (chosen < 0) fmt::print(stderr, "{}\n", chosen);  // used, so that nothing is dropped
  }
  /// Adds a row for a step alone, as the only one of a chain, as generations call it, without the pick.
  template <class Step>
  void add_step(const std::string& name, Step step) {
    auto sampler = step | weft::argmax();
    sampler.prepare(s_.vocab, history_.size());
    push(name, measure([&](std::span<float> logits, const weft::StepContext& context) { sampler.process(logits, context, false); }));
  }

  [[nodiscard]] const std::vector<report::Row>& rows() const { return rows_; }

 private:
  /// Microseconds and allocations of one token: the median of all tokens of the rounds, but for the first round.
  template <class One>
  std::pair<double, double> measure(One&& one) {
    std::vector<double> times;
    times.reserve(static_cast<std::size_t>(s_.tokens * s_.rounds));
    std::uint64_t taken = 0;
    for (int round = 0; round <= s_.rounds; ++round) {
      const auto before = allocations::count.load();
      for (int i = 0; i < s_.tokens; ++i) {
        const auto length = s_.history + static_cast<std::size_t>(i);
        const auto& fresh = logits_[static_cast<std::size_t>(i) % logits_.size()];
        std::copy(fresh.begin(), fresh.end(), work_.begin());  // no engine has to do this: it is not timed
        const weft::StepContext context{.history = std::span(history_).first(length), .prompt_length = s_.history,
                                        .unchanged = i > 0 ? length - 1 : 0, .seed = 7};
        const double start = weft::seconds_now();
        one(std::span<float>(work_), context);
        if (round > 0) times.push_back(1e6 * (weft::seconds_now() - start));
      }
      taken = allocations::count.load() - before;
    }
    return {report::median(times), static_cast<double>(taken) / s_.tokens};
  }
  void push(const std::string& name, std::pair<double, double> result) {
    rows_.push_back({{"step", name}, {"us/token", result.first}, {"allocations/token", result.second},
                     {"vocabulary", s_.vocab}, {"history", s_.history}});
  }

  Settings s_;
  std::vector<std::vector<float>> logits_;
  std::vector<float> work_;
  std::vector<weft::Token> history_;
  std::vector<report::Row> rows_;
};

using namespace weft;

void add_cuts(Bench& bench) {
  bench.add_step("temperature(0.8)", temperature(0.8f));
  bench.add_step("dynamic_temperature(1, 0.5)", dynamic_temperature(1, 0.5f));
  bench.add_step("top_k(40)", top_k(40));
  bench.add_step("top_k(1000)", top_k(1000));
  bench.add_step("top_p(0.95)", top_p(0.95f));
  bench.add_step("min_p(0.05)", min_p(0.05f));
  bench.add_step("typical_p(0.95)", typical_p(0.95f));
  bench.add_step("epsilon_cutoff(3e-4)", epsilon_cutoff(3e-4f));
  bench.add_step("eta_cutoff(3e-4)", eta_cutoff(3e-4f));
  bench.add_step("top_h(0.5)", top_h(0.5f));
  bench.add_step("top_n_sigma(1)", top_n_sigma(1));
  bench.add_step("xtc(1, 0.1)", xtc(1, 0.1f));
  bench.add_step("mirostat(5)", mirostat(5));
  bench.add_step("mirostat_v2(5)", mirostat_v2(5));
  bench.add_step("min_p(0.05), adaptive_p(0.5)", min_p(0.05f) | adaptive_p(0.5f));
}

void add_penalties(Bench& bench) {
  bench.add_step("repetition_penalty(1.1)", repetition_penalty(1.1f));
  bench.add_step("frequency_penalty(0.5)", frequency_penalty(0.5f));
  bench.add_step("presence_penalty(0.5)", presence_penalty(0.5f));
  bench.add_step("no_repeat_ngram(3)", no_repeat_ngram(3));
  bench.add_step("dry()", dry());
  bench.add_step("bias of 100 tokens", bias(std::vector<TokenBias>(100, TokenBias{7, 1.0f})));
  std::vector<std::vector<Token>> words;
  for (Token i = 0; i < 1000; ++i) words.push_back({i, i * 7 % 4000, i * 13 % 4000});
  bench.add_step("bad_words, 1,000 of 3 tokens", bad_words(std::move(words)));
  std::vector<BiasedSequence> sequences;
  for (Token i = 0; i < 1000; ++i) sequences.push_back({{i, i * 7 % 4000}, 1.0f});
  bench.add_step("sequence_bias, 1,000 of 2 tokens", sequence_bias(std::move(sequences)));
  std::vector<Token> source;
  for (Token i = 0; i < 500; ++i) source.push_back(i * i % 3989);
  bench.add_step("encoder_repetition_penalty, 500 tokens", encoder_repetition_penalty(1.1f, source));
  bench.add_step("encoder_no_repeat_ngram(3), 500 tokens", encoder_no_repeat_ngram(3, source));
  bench.add_step("suppress_tokens, 500", suppress_tokens(source));
  bench.add_step("begin_suppress_tokens, 500", begin_suppress_tokens(source));
  bench.add_step("forced_bos_token", forced_bos_token(7));
  bench.add_step("forced_eos_token", forced_eos_token(100000));
  bench.add_step("min_length(10000)", min_length(10000));
  bench.add_step("min_new_tokens(20)", min_new_tokens(20));
  bench.add_step("exponential_decay_length(5, 1.01)", exponential_decay_length(5, 1.01));
  bench.add_step("prefix_allowed_tokens, 500 of them", prefix_allowed_tokens([source](std::span<const Token>) { return source; }));
  bench.add_step("thinking_budget(100)", thinking_budget({.budget = 100, .open = {{7, 8}}, .close = {{9, 10}}}));
}

void add_watermarks(Bench& bench) {
  bench.add_step("watermark_kgw(), left hash", watermark_kgw());
  KgwOptions self;
  self.seeding_scheme = KgwOptions::Seeding::self_hash;
  self.context_width = 4;
  bench.add_step("watermark_kgw(), self hash", watermark_kgw(self));
  SynthIdOptions synthid;
  for (std::int64_t key = 1; key <= 30; ++key) synthid.keys.push_back(key * 977);
  bench.add_step("watermark_synthid(), 30 layers", watermark_synthid(synthid));
  bench.add_step("top_k(100), watermark_synthid()", top_k(100) | watermark_synthid(synthid));
}

}  // namespace

int main(int argc, char** argv) try {
  Settings s;
  CLI::App app{"Measures the steps that choose a token. One thread."};
  app.add_option("--vocab", s.vocab, "tokens of the vocabulary")->capture_default_str();
  app.add_option("--history", s.history, "tokens that are there before")->capture_default_str();
  app.add_option("-n,--tokens", s.tokens, "tokens of a round")->capture_default_str();
  app.add_option("-r,--repetitions", s.rounds, "rounds; medians are shown")->capture_default_str();
  report::add_output_option(app, s.format);
  app.add_option("-m,--model", s.model, "GGUF file or Hugging Face folder whose logits are taken; made up where there is none");
  CLI11_PARSE(app, argc, argv);
  auto logits = s.model.empty() ? make_logits(s.vocab) : logits_of(s.model);
  s.vocab = logits.front().size();
  Bench bench(s, std::move(logits));
  bench.add("full chain", repetition_penalty(1.1f) | frequency_penalty(0.1f) | presence_penalty(0.1f) | top_k(40) | top_p(0.95f) | min_p(0.05f) |
                              temperature(0.8f) | draw());
  bench.add("top_p(0.95), temperature(0.8), draw", top_p(0.95f) | temperature(0.8f) | draw());
  add_cuts(bench);
  add_penalties(bench);
  add_watermarks(bench);
  bench.add("draw", draw());
  bench.add("argmax", argmax());
  report::print(bench.rows(), s.format);
} catch (const std::exception& e) {
  fmt::print(stderr, "{}\n", e.what());
  return 1;
}
