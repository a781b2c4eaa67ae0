// strategies: ways to decode, side by side on the same prompts: how fast, how likely, how varied, and the texts themselves.
//
//   strategies                                            a dozen strategies on three prompts: a table, a page, a JSON file
//   strategies -f prompts.txt --seeds 4 -n 100             your prompts, one a line
//   strategies -c greedy -c "hot: sample temperature=1.4 min_p=0.2" -c "wide: beam width=16"
#include <CLI/CLI.hpp>

#include "support/common_options.hpp"
#include "support/comparison.hpp"
#include "support/comparison_page.hpp"
#include "support/counted.hpp"
#include "support/model_path.hpp"
#include "support/report_error.hpp"
#include "support/terminal.hpp"
#include "support/text_file.hpp"
#include "weft/weft.hpp"

namespace {

using B = weft::Cpu<>;
using Sequence = example::Counted<weft::Sequence<B>>;

struct Settings {
  std::string model, file, output = "strategies.html";
  std::vector<std::string> prompts{"Once upon a time, in a small village by the sea, there lived",
                                   "The three most important ideas in the history of science are",
                                   "Dear Anna,\n\nyesterday I walked through the old town, and"};
  std::vector<std::string> compared;
  std::int64_t max_tokens = 48, seeds = 2;
  std::uint64_t seed = 1;
  int threads = 0;
};

/// Runs a strategy on a prompt; what is not finished when that is interrupted stays as it is.
void run_on(const Settings& s, example::Compared& c, const Sequence& prompt, std::size_t index,
            const std::stop_token& cancel) {
  const std::int64_t runs = c.strategy.draws() && !c.strategy.returns_several() ? s.seeds : 1;
  for (std::int64_t i = 0; i < runs && !cancel.stop_requested(); ++i) {
    example::Run run{index, s.seed + static_cast<std::uint64_t>(i), 0, 0, {}};
    const auto before = prompt.work().tokens;
    const double start = weft::seconds_now();
    const weft::Options options{.max_tokens = s.max_tokens, .seed = run.seed, .cancel = cancel};
    run.texts = example::run_strategy<B>(c.strategy, prompt, options, s.seeds);
    run.seconds = weft::seconds_now() - start;
    run.forward_tokens = prompt.work().tokens - before;
    if (!run.texts.empty() && !run.text().tokens.empty()) c.runs.push_back(std::move(run));
  }
}

void print_table(const std::vector<example::Compared>& all) {
  std::size_t wide = 8;
  for (const auto& c : all) wide = std::max(wide, c.strategy.name.size());
  terminal::print(stdout, terminal::dim, "{:<{}}", "strategy", wide);
  for (const auto& column : example::columns) terminal::print(stdout, terminal::dim, " {:>9}", column.name);
  fmt::print("\n");
  for (const auto& c : all) {
    fmt::print("{:<{}}", c.strategy.name, wide);
    for (const auto& column : example::columns)
      terminal::print(stdout, is_best(column, c.measures, all) ? terminal::bold : fmt::text_style(), " {:>9}",
                      shown(column, c.measures));
    fmt::print("\n");
  }
}

int run(const Settings& s) {
  const terminal::Interrupt interrupt;
  const auto json_file = std::filesystem::path(s.output).replace_extension(".json");
  example::Comparison comparison{.max_tokens = s.max_tokens,
                                 .seeds = s.seeds,
                                 .seed = s.seed,
                                 .prompts = s.file.empty() ? s.prompts : example::read_lines(s.file)};
  auto& all = comparison.strategies;
  for (const auto& text : s.compared.empty() ? example::default_strategies : s.compared)
    all.push_back({example::parse_strategy(text), {}, {}});
  page::check_writable(s.output), page::check_writable(json_file);
  const auto path = s.model.empty() ? example::default_model() : std::filesystem::path(s.model);
  const weft::Model<B> model(path, {.threads = s.threads, .cancel = interrupt.token()});
  comparison.model = path.filename().string(), comparison.backend = B::name(), comparison.threads = model.pool().size();

  std::vector<Sequence> prompts;
  std::vector<std::vector<weft::Token>> prompt_tokens;
  for (const auto& prompt : comparison.prompts) {
    prompt_tokens.push_back(model.tokenizer().encode_prompt(prompt));
    prompts.emplace_back(weft::Sequence<B>(model));
    prompts.back().append(prompt_tokens.back(), {.cancel = interrupt.token()});
  }
  terminal::Progress progress(true);
  double done = 0;
  for (std::size_t p = 0; p < prompts.size(); ++p)  // in turn, so that what slows the machine slows all of them
    for (auto& c : all) {
      run_on(s, c, prompts[p], p, interrupt.token());
      progress.show("decode", ++done / static_cast<double>(all.size() * prompts.size()));
    }
  for (auto& c : all) c.measures = measure(c, prompt_tokens);
  progress.clear();
  std::erase_if(all, [](const example::Compared& c) { return c.runs.empty(); });
  const bool cancelled = interrupt.token().stop_requested();
  if (all.empty())
    weft::fail(cancelled ? weft::ErrorKind::cancelled : weft::ErrorKind::argument,
               "no text was written, so there is nothing to compare");
  print_table(all);
  std::fflush(stdout);
  page::write(json_file, page::dump(json_of(comparison), 1) + "\n");
  page::write(s.output, example::comparison_page::render(comparison, model.tokenizer()));
  page::say_where(s.output);
  return cancelled ? 130 : 0;
}

}  // namespace

int main(int argc, char** argv) try {
  Settings s;
  CLI::App app{"Compares strategies of decoding: a table, a page, and a JSON file beside it."};
  example::add_model_option(app, s.model);
  auto* prompts = app.add_option("-p,--prompt", s.prompts,
                                 "text to continue; may be given several times (three beginnings when there is none)")
                      ->allow_extra_args(false);
  app.add_option("-f,--file", s.file, "prompts of a file, one a line, or of standard input with -")->excludes(prompts);
  app.add_option(
         "-c,--compare", s.compared,
         "a strategy: \"name: kind setting=value ...\", or the name of a default one; may be given several times")
      ->allow_extra_args(false);
  app.add_option("-o,--output", s.output, "the page; the JSON file lies beside it")->capture_default_str();
  example::add_length_option(app, s.max_tokens);
  app.add_option("--seeds", s.seeds, "texts of each prompt, of strategies that draw or return several")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  example::add_seed_option(app, s.seed, "the first of them");
  example::add_threads_option(app, s.threads);
  std::string list = "Default strategies:\n";
  for (const auto& known : example::default_strategies) list += "  " + known + "\n";
  app.footer(list +
             "Kinds: greedy, sample, beam, stochastic_beam, best_first, contrastive, best_of, mbr, speculative; a "
             "wrong setting's error lists the right ones.");
  CLI11_PARSE(app, argc, argv);
  return run(s);
} catch (...) {
  return example::report_error();
}
