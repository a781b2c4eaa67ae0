// speculation: greedy decoding with and without drafts, prompt by prompt, in turn; and that both write the same text.
//
//   speculation -m model.gguf --set benchmarks/prompts/quoting.json --set benchmarks/prompts/mixed.json -n 64 -r 7
#include "benchmarks/support/report.hpp"
#include "examples/support/drafter.hpp"
#include "examples/support/model_path.hpp"
#include "weft/weft.hpp"

#include <fstream>

namespace {

using B = weft::Cpu<>;

struct Settings {
  std::string model, format = "md", drafter = "suffix";
  std::vector<std::string> sets;
  std::int64_t generated = 128, most = 16, branches = 1;
  int rounds = 7, threads = 0;
};

struct Prompt {
  std::string name, text;
};

std::vector<Prompt> read_set(const std::string& path) {
  std::ifstream file(path);
  if (!file) weft::fail(weft::ErrorKind::file, path, ": cannot be read");
  std::vector<Prompt> prompts;
  for (const auto& one : nlohmann::json::parse(file)) prompts.push_back({one.at("name"), one.at("prompt")});
  return prompts;
}

template <class How>
weft::Result decode(const weft::Sequence<B>& prompt, const How& how, std::int64_t tokens) {
  return weft::generate(prompt, how, {.max_tokens = tokens}).front();
}

report::Row measure(const Settings& s, const weft::Model<B>& model, const example::Drafter<B>& drafter, const std::string& set, const Prompt& prompt) {
  weft::Sequence<B> sequence(model);
  sequence.append(prompt.text);
  const auto drafted = weft::speculative(weft::greedy(), drafter, {.most = s.most});
  std::vector<double> plain_tps, drafted_tps, ratios, tokens_per_pass;
  std::size_t ran = 0, accepted = 0;
  bool same = true;
  for (int round = 0; round < s.rounds; ++round) {
    // in turn, and each first as often as the other: what disturbs one disturbs both
    weft::Result a, b;
    if (round % 2) b = decode(sequence, drafted, s.generated);
    a = decode(sequence, weft::greedy(), s.generated);
    if (round % 2 == 0) b = decode(sequence, drafted, s.generated);
    same = same && a.tokens == b.tokens && a.text == b.text && a.raw_logprobs == b.raw_logprobs;
    if (a.tokens.size() < 2) continue;
    plain_tps.push_back(a.stats.decode_tps);
    drafted_tps.push_back(b.stats.decode_tps);
    ratios.push_back(b.stats.decode_tps / a.stats.decode_tps);
    tokens_per_pass.push_back(static_cast<double>(b.tokens.size() - 1) / static_cast<double>(b.stats.passes));
    ran += b.stats.drafted_tokens, accepted += b.stats.accepted_tokens;
  }
  if (!same) weft::fail(weft::ErrorKind::argument, "drafts changed the text after '", prompt.text, "'");
  return {{"set", set}, {"prompt", prompt.name}, {"prompt tokens", sequence.size()}, {"plain tokens/s", report::median(plain_tps)},
          {"drafted tokens/s", report::median(drafted_tps)}, {"ratio", report::median(ratios)}, {"±", report::spread(ratios)},
          {"tokens a pass", report::median(tokens_per_pass)}, {"accepted", ran ? static_cast<double>(accepted) / static_cast<double>(ran) : 0.0},
          {"same text", same}, {"ratios", ratios}};
}

/// Of the prompts' median ratios: the median, the least and the greatest.
report::Row summary(const std::string& set, const std::vector<report::Row>& rows) {
  std::vector<double> ratios, passes;
  for (const auto& row : rows) ratios.push_back(row.at("ratio")), passes.push_back(row.at("tokens a pass"));
  const auto [least, greatest] = std::minmax_element(ratios.begin(), ratios.end());
  return {{"set", set}, {"prompts", rows.size()}, {"median ratio", report::median(ratios)}, {"least", *least}, {"greatest", *greatest},
          {"tokens a pass", report::median(passes)}};
}

}  // namespace

int main(int argc, char** argv) try {
  Settings s;
  CLI::App app{"Measures greedy decoding with drafts against decoding without, on sets of prompts."};
  app.add_option("-m,--model", s.model, "GGUF file or Hugging Face folder (SmolLM2-135M in the user's cache)");
  app.add_option("--set", s.sets, "JSON files of prompts (the two that lie beside this program's source)");
  app.add_option("-d,--draft", s.drafter, example::drafter_names)->capture_default_str();
  app.add_option("--branches", s.branches, "guesses that suffix and models try at each place")->capture_default_str();
  app.add_option("--most", s.most, "drafted tokens a pass at most")->capture_default_str();
  app.add_option("-n,--n-gen", s.generated, "tokens of each continuation")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("-r,--repetitions", s.rounds, "rounds, both ways in turn; medians are shown")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("-t,--threads", s.threads, "workers (one per core)");
  report::add_output_option(app, s.format);
  CLI11_PARSE(app, argc, argv);
  if (s.sets.empty())
    for (const char* name : {"quoting", "mixed"}) s.sets.push_back(std::string(WEFT_BENCHMARK_PROMPTS "/") + name + ".json");
  const weft::Model<B> model(s.model.empty() ? example::default_model().string() : s.model, {.threads = s.threads});
  const auto drafter = example::load_drafter<B>(s.drafter, model, s.branches, s.threads);
  std::vector<report::Row> all, summaries;
  for (const auto& path : s.sets) {
    const auto set = std::filesystem::path(path).stem().string();
    std::vector<report::Row> rows;
    for (const auto& prompt : read_set(path)) rows.push_back(measure(s, model, drafter, set, prompt));
    summaries.push_back(summary(set, rows));
    all.insert(all.end(), rows.begin(), rows.end());
  }
  report::print(all, s.format);
  fmt::print("\n");
  report::print(summaries, s.format);
} catch (const std::exception& e) {
  fmt::print(stderr, "{}\n", e.what());
  return 1;
}
