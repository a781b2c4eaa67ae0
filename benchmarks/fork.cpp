// fork: n continuations of one prompt, by forks of one prefill against a prefill for each: time and memory.
//
//   fork -m model.gguf -p 512 -n 32 -f 1,2,4,8,16,32,64
#include "benchmarks/support/report.hpp"
#include "benchmarks/support/workload.hpp"
#include "examples/support/model_path.hpp"
#include "weft/core/clock.hpp"
#include "weft/weft.hpp"

#include <cstring>

namespace {

using B = weft::Cpu<>;

struct Settings {
  std::string model, format = "md";
  std::int64_t prompt = 512, generated = 32;
  std::vector<std::int64_t> forks{1, 2, 4, 8, 16, 32, 64};
  int rounds = 3, threads = 0;
};

/// One way of doing it: seconds of the prompts and of decoding, bytes of pages at their peak, the logits at the end.
struct Outcome {
  double prefill = 0, decode = 0;
  std::size_t bytes = 0;
  std::vector<float> logits;
};

/// Decodes the same tokens for all sequences (token j of sequence i is tokens[j * n + i]), in one batch.
void decode(const weft::Model<B>& model, std::vector<weft::Sequence<B>>& sequences, std::span<const weft::Token> tokens) {
  weft::Batch<B> batch(model);
  const auto n = sequences.size();
  for (std::size_t j = 0; (j + 1) * n <= tokens.size(); ++j) {
    for (std::size_t i = 0; i < n; ++i) batch.add(sequences[i], tokens.subspan(j * n + i, 1));
    batch.run();
  }
}

Outcome run(const Settings& s, const weft::Model<B>& model, std::int64_t n, bool by_fork, unsigned seed) {
  const auto prompt = workload::random_tokens(s.prompt, model.vocab_size(), seed);
  const auto tokens = workload::random_tokens(s.generated * n, model.vocab_size(), seed + 1);
  Outcome outcome;
  std::vector<weft::Sequence<B>> sequences;
  double start = weft::seconds_now();
  for (std::int64_t i = 0; i < n; ++i) {
    if (by_fork && i > 0) {
      sequences.push_back(sequences.front().fork());
    } else {
      sequences.emplace_back(model);
      sequences.back().append(prompt);
    }
  }
  outcome.prefill = weft::seconds_now() - start;
  start = weft::seconds_now();
  decode(model, sequences, tokens);
  outcome.decode = weft::seconds_now() - start;
  for (std::size_t i = 0; i < (by_fork ? 1 : sequences.size()); ++i) outcome.bytes += sequences[i].pages().peak();
  for (const auto& sequence : sequences) outcome.logits.insert(outcome.logits.end(), sequence.logits().begin(), sequence.logits().end());
  return outcome;
}

report::Row measure(const Settings& s, const weft::Model<B>& model, std::int64_t n) {
  std::vector<double> forked, prefilled, only_forks;
  std::size_t forked_bytes = 0, prefilled_bytes = 0;
  bool same = true;
  for (int round = 0; round < s.rounds; ++round) {
    const auto a = run(s, model, n, true, static_cast<unsigned>(round)), b = run(s, model, n, false, static_cast<unsigned>(round));
    forked.push_back(a.prefill + a.decode);
    prefilled.push_back(b.prefill + b.decode);
    only_forks.push_back(a.prefill);
    forked_bytes = a.bytes, prefilled_bytes = b.bytes;
    same = same && a.logits.size() == b.logits.size() && std::memcmp(a.logits.data(), b.logits.data(), 4 * a.logits.size()) == 0;
  }
  if (!same) weft::fail(weft::ErrorKind::argument, n, " forks do not give the bits of ", n, " sequences with a prefill each");
  const double ours = report::median(forked), theirs = report::median(prefilled);
  return {{"continuations", n}, {"prompt", s.prompt}, {"tokens each", s.generated}, {"threads", model.pool().size()},
          {"forks s", ours}, {"of it prompt s", report::median(only_forks)}, {"prefills s", theirs}, {"times faster", theirs / ours},
          {"forks MB", static_cast<double>(forked_bytes) / 1e6}, {"prefills MB", static_cast<double>(prefilled_bytes) / 1e6},
          {"times smaller", static_cast<double>(prefilled_bytes) / static_cast<double>(forked_bytes)}, {"same bits", same}};
}

}  // namespace

int main(int argc, char** argv) try {
  Settings s;
  CLI::App app{"Measures n continuations of one prompt: forks of one prefill against a prefill for each."};
  app.add_option("-m,--model", s.model, "GGUF file or Hugging Face folder (SmolLM2-135M in the user's cache)");
  app.add_option("-p,--n-prompt", s.prompt, "tokens of the prompt")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("-n,--n-gen", s.generated, "tokens of each continuation")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("-f,--forks", s.forks, "numbers of continuations")->delimiter(',')->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("-r,--repetitions", s.rounds, "rounds, both ways in turn; medians are shown")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("-t,--threads", s.threads, "workers (one per core)");
  report::add_output_option(app, s.format);
  CLI11_PARSE(app, argc, argv);
  const weft::Model<B> model(s.model.empty() ? example::default_model().string() : s.model, {.threads = s.threads});
  std::vector<report::Row> rows;
  for (const auto n : s.forks) rows.push_back(measure(s, model, n));
  report::print(rows, s.format);
} catch (const std::exception& e) {
  fmt::print(stderr, "{}\n", e.what());
  return 1;
}
