// strategies: what a step of each strategy costs, in steps of greedy decoding, measured in turn; and the pages it needs at its peak.
//
//   strategies -m model.gguf -p 64,1000 -n 32
#include "benchmarks/support/report.hpp"
#include "benchmarks/support/workload.hpp"
#include "examples/support/model_path.hpp"
#include "weft/core/clock.hpp"
#include "weft/weft.hpp"

#include <functional>

namespace {

using B = weft::Cpu<>;
using Search = std::function<std::vector<weft::Result>(const weft::Sequence<B>&, const weft::Options&)>;

struct Settings {
  std::string model, only, format = "md";
  std::vector<std::int64_t> prompts{64, 1000};
  std::int64_t generated = 32;
  int rounds = 5, threads = 0;
};

struct Entry {
  std::string name;
  std::int64_t branches;
  Search search;
  std::string compared_with = "greedy";  ///< what `times` is relative to
  double wanted = 0;                     ///< at most so many times; 0: no wish is known
  std::int64_t prompt = 0;               ///< of which the wish speaks; 0: any
};

template <class Strategy>
Search with(Strategy strategy) {
  return [strategy](const weft::Sequence<B>& prompt, const weft::Options& options) {
    return weft::generate(prompt, strategy, options);
  };
}

std::vector<Entry> entries() {
  const auto sampled = weft::temperature(0.9f) | weft::top_p(0.95f) | weft::draw();
  weft::BeamOptions diverse{.width = 8, .groups = 4, .diversity = 0.5f};
  weft::BeamOptions forced{.width = 8};
  forced.forced = {{{{1000, 2000}}}, {{{3000}}}};
  return {
      {"greedy", 1, with(weft::greedy())},
      {"temperature(0.9), top_p(0.95)", 1, with(sampled), "greedy", 0},
      {"beam 2", 2, with(weft::beam({.width = 2}))},
      {"beam 4", 4, with(weft::beam({.width = 4}))},
      {"beam 8", 8, with(weft::beam({.width = 8})), "greedy", 2.2, 64},
      {"beam 8 in 4 diverse groups", 8, with(weft::beam(diverse)), "beam 8", 1.1},
      {"beam 8 with 2 forced phrases", 8, with(weft::beam(forced)), "beam 8", 1.1},
      {"beam 8, sampled", 8, with(weft::beam({.width = 8, .sampled = true})), "beam 8"},
      {"stochastic beam 8", 8, with(weft::stochastic_beam(8)), "beam 8"},
      {"contrastive search, k = 4", 4, with(weft::contrastive_search({.k = 4}))},
      {"best of 4", 4, with(weft::best_of({.n = 4}, sampled))},
      {"best of 16, draws alone", 16, with(weft::best_of({.n = 16}, weft::draw()))},
      {"best of 16", 16, with(weft::best_of({.n = 16}, sampled)), "greedy", 3.5, 1000},
  };
}

/// The entries whose name holds a text, and what they are compared with.
std::vector<Entry> entries(const std::string& only) {
  auto all = entries();
  const auto named = [&](const Entry& e) { return e.name.find(only) != std::string::npos; };
  const auto needed = [&](const Entry& e) {
    return std::any_of(all.begin(), all.end(), [&](const Entry& o) { return named(o) && o.compared_with == e.name; });
  };
  std::vector<Entry> chosen;
  for (const auto& e : all)
    if (e.name == "greedy" || named(e) || needed(e)) chosen.push_back(e);  // all rows lead to greedy
  return chosen;
}

/// Entries on one prompt, in turn, so that what slows the machine slows all of them.
std::vector<report::Row> measure(const Settings& s, const weft::Model<B>& model, std::int64_t length) {
  const auto all = entries(s.only);
  const auto tokens = workload::random_tokens(length, model.vocab_size(), 1);
  std::vector<weft::Sequence<B>> prompts;  // one for each, so that each has a peak of its own
  for (std::size_t i = 0; i < all.size(); ++i) {
    prompts.emplace_back(model);
    prompts.back().append(tokens);
  }
  std::vector<std::vector<double>> seconds(all.size());
  for (int round = 0; round <= s.rounds; ++round)
    for (std::size_t i = 0; i < all.size(); ++i) {
      const double start = weft::seconds_now();
      const auto results = all[i].search(prompts[i], {.max_tokens = s.generated, .ignore_end_tokens = true, .seed = 7});
      // the first token comes from the prompt's logits
      const double steps = static_cast<double>(results.front().tokens.size() - 1);
      if (round > 0) seconds[i].push_back((weft::seconds_now() - start) / steps);
    }
  std::vector<report::Row> rows;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& e = all[i];
    const auto base = static_cast<std::size_t>(
        std::find_if(all.begin(), all.end(), [&](const Entry& o) { return o.name == e.compared_with; }) - all.begin());
    // the median of the ratios within a round: what differs between rounds is not the strategy's
    std::vector<double> ratios;
    for (std::size_t r = 0; r < seconds[i].size(); ++r) ratios.push_back(seconds[i][r] / seconds[base][r]);
    const double ms = 1e3 * report::median(seconds[i]);
    report::Row row{{"strategy", e.name},
                    {"prompt", length},
                    {"branches", e.branches},
                    {"ms a step", ms},
                    {"tokens/s of all", 1e3 * static_cast<double>(e.branches) / ms},
                    {"times", report::median(ratios)},
                    {"a step of", e.compared_with},
                    {"wanted", nullptr},
                    {"peak KV MB", static_cast<double>(prompts[i].pages().peak()) / 1e6}};
    if (e.wanted > 0 && (e.prompt == 0 || e.prompt == length)) row["wanted"] = fmt::format("<= {:g}", e.wanted);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

int main(int argc, char** argv) try {
  Settings s;
  CLI::App app{"Measures what a step of each strategy costs, in steps of greedy decoding."};
  app.add_option("-m,--model", s.model, "GGUF file or Hugging Face folder (SmolLM2-135M in the user's cache)");
  app.add_option("-p,--n-prompt", s.prompts, "tokens of the prompts")
      ->delimiter(',')
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("-n,--n-gen", s.generated, "tokens of each continuation")
      ->check(CLI::Range(2, 100000))
      ->capture_default_str();
  app.add_option("--only", s.only, "strategies whose name holds this, and what they are compared with");
  app.add_option("-r,--repetitions", s.rounds, "rounds, all strategies in turn; medians are shown")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("-t,--threads", s.threads, "workers (one per core)");
  report::add_output_option(app, s.format);
  CLI11_PARSE(app, argc, argv);
  const weft::Model<B> model(s.model.empty() ? example::default_model().string() : s.model, {.threads = s.threads});
  std::vector<report::Row> rows;
  for (const auto length : s.prompts)
    for (auto& row : measure(s, model, length)) rows.push_back(std::move(row));
  report::print(rows, s.format);
} catch (const std::exception& e) {
  fmt::print(stderr, "{}\n", e.what());
  return 1;
}
