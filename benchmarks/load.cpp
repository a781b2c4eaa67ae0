// load: from a file in the page cache to the first token, phase by phase.
//
//   load -m model.gguf -p 512
#include "benchmarks/support/report.hpp"
#include "benchmarks/support/workload.hpp"
#include "examples/support/model_path.hpp"
#include "weft/core/clock.hpp"
#include "weft/model/model_file.hpp"
#include "weft/weft.hpp"

namespace {

using B = weft::Cpu<>;

struct Settings {
  std::string model, format = "md";
  std::int64_t prompt = 512;
  int rounds = 7, threads = 0;
};

/// Seconds of each phase, of every round but the first, which brings the file into the cache.
struct Phases {
  std::vector<double> open, pack, finish, prompt, token, all;
};

void measure(const Settings& s, Phases& phases, bool keep) {
  const double begin = weft::seconds_now();
  { const auto file = weft::open_model_file(s.model); }
  const double opened = weft::seconds_now();
  double packed = 0;
  weft::LoadOptions options;
  options.threads = s.threads;
  options.progress = [&](std::size_t done, std::size_t total) {
    if (done == total) packed = weft::seconds_now();
  };
  const weft::Model<B> model(s.model, options);  // opens the file once more: that time is taken off
  const double loaded = weft::seconds_now(), open_time = opened - begin;
  const auto tokens = workload::random_tokens(s.prompt, model.vocab_size(), 1);
  weft::Sequence<B> sequence(model);
  sequence.append(tokens);
  const double prefilled = weft::seconds_now();
  const auto first = weft::argmax()(sequence.logits(), {}).token;
  const double end = weft::seconds_now();
  if (!keep || first < 0) return;
  phases.open.push_back(open_time);
  phases.pack.push_back(packed - opened - open_time);
  phases.finish.push_back(loaded - packed);
  phases.prompt.push_back(prefilled - loaded);
  phases.token.push_back(end - prefilled);
  phases.all.push_back(end - opened);
}

}  // namespace

int main(int argc, char** argv) try {
  Settings s;
  CLI::App app{"Measures the way from a model file in the page cache to the first token."};
  app.add_option("-m,--model", s.model, "GGUF file or Hugging Face folder (SmolLM2-135M in the user's cache)");
  app.add_option("-p,--n-prompt", s.prompt, "tokens of the prompt")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("-r,--repetitions", s.rounds, "rounds; medians are shown")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("-t,--threads", s.threads, "workers (one per core)");
  report::add_output_option(app, s.format);
  CLI11_PARSE(app, argc, argv);
  if (s.model.empty()) s.model = example::default_model().string();
  Phases phases;
  for (int round = 0; round <= s.rounds; ++round) measure(s, phases, round > 0);
  std::vector<report::Row> rows;
  const double all = report::median(phases.all);
  const auto add = [&](const char* name, const std::vector<double>& seconds) {
    rows.push_back({{"phase", name}, {"ms", 1e3 * report::median(seconds)}, {"± ms", 1e3 * report::spread(seconds)},
                    {"share %", 100 * report::median(seconds) / all}, {"samples_s", seconds}});
  };
  add("open and check the file, read the vocabulary", phases.open);
  add("read and pack the weights", phases.pack);
  add("make the tokenizer", phases.finish);
  add("prompt", phases.prompt);
  add("first token", phases.token);
  add("file to first token", phases.all);
  report::print(rows, s.format);
} catch (const std::exception& e) {
  fmt::print(stderr, "{}\n", e.what());
  return 1;
}
