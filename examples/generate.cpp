// generate: a model writes. No argument needed; `--help` lists what there is.
//
//   generate "Once upon a time"                         greedy, on the default model
//   generate -p "Dear diary" --temperature 0.9 --seed 7  sampling
//   generate -p "The capital of France is" --beams 4     beam search
//   generate -p "..." --ban "As an AI" --ban-pattern "(?i)\bsorry\b"   without these words
//   generate -p "..." --draft suffix                     the same text sooner, where it repeats something
//   cat story.txt | generate -f - --json                 one JSON object a token, then a summary
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <utility>

#include "support/bandwidth.hpp"
#include "support/chosen_cpu.hpp"
#include "support/common_options.hpp"
#include "support/drafter.hpp"
#include "support/kv_type.hpp"
#include "support/model_path.hpp"
#include "support/report_error.hpp"
#include "support/sampling_options.hpp"
#include "support/search_options.hpp"
#include "support/terminal.hpp"
#include "support/text_file.hpp"
#include "weft/backend/reference.hpp"
#include "weft/weft.hpp"

namespace {

struct Settings {
  std::string model, prompt, draft, backend = "best", kv = "f16";
  std::uint64_t seed = 0;
  weft::SamplingParameters sampling;
  example::SearchOptions search;
  std::int64_t max_tokens = 128, context = 0, draft_branches = 1;
  std::vector<std::string> stop;
  weft::Banned banned;
  int threads = 0, activation_bits = 8;
  bool json = false, quiet = false, ignore_end = false, draws = false;
  std::string command;  ///< what to type to get this text again
};

const char* const default_prompt = "Once upon a time, in a small village by the sea, there lived";

/// "42=-3.5": the token's id and what is added to its logit; -inf forbids it.
weft::TokenBias parse_bias(const std::string& text) {
  char *after_id = nullptr, *after_value = nullptr;
  const auto id = std::strtol(text.c_str(), &after_id, 10);
  const float value = *after_id == '=' ? std::strtof(after_id + 1, &after_value) : 0;
  if (after_id == text.c_str() || !after_value || *after_value || after_value == after_id + 1 || id < 0 || id > INT32_MAX)
    weft::fail(weft::ErrorKind::argument, "--bias '", text, "': expected a token's id and a number, such as 42=-3.5 or 42=-inf");
  return {static_cast<weft::Token>(id), value};
}

/// The command line as it can be typed again.
std::string quoted(int argc, char** argv) {
  std::string command;
  for (int i = 0; i < argc; ++i) {
    std::string word = argv[i];
    if (word.find_first_of(" \t\n\"'`$\\!*?[]{}()<>|&;#~") != std::string::npos || word.empty()) {
      std::string text = "'";
      for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
      word = text + "'";
    }
    command += (i ? " " : "") + word;
  }
  return command;
}

Settings parse(int argc, char** argv) {
  Settings s;
  std::uint64_t seed = 0;
  std::string prompt_file;
  std::vector<std::string> bias;
  const CLI::IsMember backends(std::vector<std::string>{"best", "scalar",
#if WEFT_CPU_X86
                                                        "avx2", "avx2-vnni", "avx512-vnni", "avx512-amx",
#elif WEFT_CPU_ARM
                                                        "neon",
#endif
                                                        "reference"});
  CLI::App app{"Continues a text with a language model."};
  auto* prompt = app.add_option("prompt,-p,--prompt", s.prompt, "text to continue (a story's first words when there is none)");
  app.add_option("-f,--file", prompt_file, "read the text from a file, or from standard input with -")->excludes(prompt);
  example::add_model_option(app, s.model, "-m,--model");
  app.add_option("-n,--max-tokens", s.max_tokens, "new tokens at most")->check(CLI::NonNegativeNumber)->capture_default_str();
  app.add_option("--context", s.context, "positions at most (the model's context length)")->check(CLI::PositiveNumber);
  app.add_option("--stop", s.stop, "text that ends the generation; may be given several times")->allow_extra_args(false);
  app.add_flag("--ignore-end", s.ignore_end, "go on after the model's end token");
  auto* temperature = app.add_option("-t,--temperature", s.sampling.temperature,
                                     "0 is greedy, the default; 1 is the default where a draw is asked for by -s or another option of this group")
                          ->check(CLI::NonNegativeNumber)->group("Sampling");
  const auto* seeded = app.add_option("-s,--seed", seed, "of the draws (random)")->group("Sampling");
  const auto drawing = example::add_sampling_options(app, s.sampling);
  app.add_option("--bias", bias, "ID=NUMBER is added to the logit of a token, -inf forbids it; may be given several times")
      ->allow_extra_args(false)->group("Words");
  auto* ban = app.add_option("--ban", s.banned.phrases, "text that is never written; may be given several times")->allow_extra_args(false)->group("Words");
  auto* ban_pattern = app.add_option("--ban-pattern", s.banned.patterns, "regular expression that no part of the text matches; may be given several times")
                          ->allow_extra_args(false)->group("Words");
  auto* draft = app.add_option("--draft", s.draft, std::string("guess tokens ahead, the text stays the same: ") + example::drafter_names)
                    ->excludes(ban)->excludes(ban_pattern)->group("Drafts");
  app.add_option("--draft-branches", s.draft_branches, "guesses that suffix and models try at each place")
      ->capture_default_str()->needs(draft)->group("Drafts");
  example::add_search_options(app, s.search, draft);
  example::add_threads_option(app, s.threads)->group("Machine");
  app.add_option("--activation-bits", s.activation_bits, "bits that quantised matrices see of their input: 16 is close to float32")
      ->check(CLI::IsMember({8, 16}))->capture_default_str()->group("Machine");
  app.add_option("--backend", s.backend, "what computes")->check(backends)->capture_default_str()->group("Machine");
  app.add_option("--kv", s.kv, "precision of keys and values")
      ->check(CLI::IsMember({"f16", "f32", "q8"}))->capture_default_str()->group("Machine");
  app.add_flag("--json", s.json, "one JSON object a token, then a summary")->group("Output");
  app.add_flag("-q,--quiet", s.quiet, "the text alone")->group("Output");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    std::exit(app.exit(e));
  }

  if (!prompt_file.empty())
    s.prompt = example::read_text(prompt_file);
  else if (!*prompt)
    s.prompt = default_prompt;
  for (const auto& text : bias) s.sampling.bias.push_back(parse_bias(text));
  const bool asked = *seeded || std::any_of(drawing.begin(), drawing.end(), [](const auto* option) { return bool(*option); });
  if (!*temperature) s.sampling.temperature = asked || s.search.any() ? 1.0f : 0.0f;
  const bool draws = !s.search.any() || s.search.best_of.n > 0 || s.search.beam.sampled;
  s.draws = draws && s.sampling.temperature > 0;
  if (s.search.returned > 1 && !s.search.has_branches()) weft::fail(weft::ErrorKind::argument, "--returned: only beams, --best-of and --best-first find several texts");
  if (s.search.any() && (*ban || *ban_pattern)) weft::fail(weft::ErrorKind::argument, "--ban and --ban-pattern go with greedy decoding and sampling, not with a search");
  s.command = quoted(argc, argv);
  s.seed = *seeded || !s.draws ? seed : std::random_device{}();
  if (s.draws && !*seeded) s.command += fmt::format(" --seed {}", s.seed);
  return s;
}

std::string spoken(weft::StopReason reason, const weft::Result& result) {
  switch (reason) {
    case weft::StopReason::max_tokens: return "the token limit (-n raises it)";
    case weft::StopReason::end_token: return "the model ended its text";
    case weft::StopReason::stop_token: return "a stop token";
    case weft::StopReason::stop_string: return fmt::format("the stop text \"{}\"", result.stop_string);
    case weft::StopReason::context_full: return "the context is full (--context raises it)";
    case weft::StopReason::cancelled: return "interrupted";
    case weft::StopReason::running: break;
  }
  return "the program left the stream";
}

/// What one pass of decoding reads: the weights, and the keys and values of half the final length on average.
template <class B>
double bytes_per_token(const weft::Model<B>& model, const weft::Result& result, weft::KvType kv) {
  const auto positions = static_cast<double>(result.stats.prompt_tokens) + static_cast<double>(result.stats.generated_tokens) / 2;
  return static_cast<double>(model.weight_bytes()) + positions * static_cast<double>(model.kv_bytes_per_position(kv));
}

template <class B>
void print_card(const Settings& s, const weft::Model<B>& model, const weft::Result& result, double load_seconds) {
  const auto& stats = result.stats;
  const auto row = [](const char* label, const std::string& text) {
    terminal::print(stderr, terminal::dim, "  {:<13}", label);
    fmt::print(stderr, "{}\n", text);
  };
  fmt::print(stderr, "\n");
  row("stopped by", spoken(result.stop, result));
  const bool whole = stats.prefilled_tokens == stats.prompt_tokens;
  row("tokens", fmt::format("{}{} prompt + {} new", whole ? "" : fmt::format("{} of ", stats.prefilled_tokens), stats.prompt_tokens, stats.generated_tokens));
  if (stats.prefill_tps > 0) row("prefill", fmt::format("{:.0f} tokens/s", stats.prefill_tps));
  if (stats.decode_tps > 0) {
    const double bandwidth = example::read_bandwidth(model.pool(), 128 << 20, 3);
    const auto kv = example::kv_type(s.kv);
    const double share = s.search.any() || stats.accepted_tokens > 0 || bandwidth <= 0 ? 0 : bytes_per_token(model, result, kv) * stats.decode_tps / bandwidth;
    row("decode", share > 0 ? fmt::format("{:.1f} tokens/s, {:.0f} % of the memory bus ({:.1f} GB/s)", stats.decode_tps, 100 * share, bandwidth / 1e9)
                            : fmt::format("{:.1f} tokens/s", stats.decode_tps));
  }
  if (!s.draft.empty())
    row("drafts", fmt::format("{} of {} tokens accepted, {} passes", stats.accepted_tokens, stats.drafted_tokens, stats.passes));
  if (stats.generated_tokens > 0)
    row("first token", fmt::format("{:.0f} ms after the prompt, {:.0f} ms to load", 1e3 * stats.time_to_first_token, 1e3 * load_seconds));
  row("backend", fmt::format("{}, {} thread{}", B::name(), model.pool().size(), model.pool().size() == 1 ? "" : "s"));
  if (s.draws) row("seed", std::to_string(s.seed));
  row("again", s.command);
}

/// Text that came out of a model may end inside a character: JSON gets U+FFFD there.
void print_json(const nlohmann::json& json) {
  fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  std::fflush(stdout);
}

template <class B>
void print_summary(const Settings& s, const weft::Model<B>& model, const weft::Result& result, double load_seconds) {
  const auto& stats = result.stats;
  nlohmann::json json{{"text", result.text}, {"tokens", result.tokens}, {"stop", weft::name(result.stop)}, {"score", result.score},
                      {"prompt_tokens", stats.prompt_tokens}, {"new_tokens", stats.generated_tokens}, {"prefill_tps", stats.prefill_tps},
                      {"decode_tps", stats.decode_tps}, {"time_to_first_token", stats.time_to_first_token}, {"load_seconds", load_seconds},
                      {"backend", B::name()}, {"threads", model.pool().size()}, {"command", s.command}};
  if (s.draws) json["seed"] = s.seed;
  if (!s.draft.empty()) json.update({{"drafted_tokens", stats.drafted_tokens}, {"accepted_tokens", stats.accepted_tokens}, {"passes", stats.passes}});
  if (!result.stop_string.empty()) json["stop_string"] = result.stop_string;
  print_json(json);
}

template <class S>
std::vector<weft::Result> decode(const Settings& s, S sequence, const weft::Options& options) {
  const auto run = [&](const auto& how) { return weft::generate(std::move(sequence), s.prompt, how, options); };
  const auto drafter = [&] { return example::load_drafter<typename S::Backend>(s.draft, sequence.model(), s.draft_branches, s.threads); };
  const bool drafts = !s.draft.empty();
  if (s.search.beam.width > 0) {
    const auto beams = weft::steps_from(s.sampling) | example::beams(s.search);
    return drafts ? run(weft::speculative(beams, drafter())) : run(beams);
  }
  if (s.search.any()) return example::search(s.search, s.sampling, std::move(sequence), s.prompt, options);
  const auto chain = weft::chain_from(s.sampling);
  if (!s.banned.phrases.empty() || !s.banned.patterns.empty()) return run(weft::without_phrases(s.banned, chain));
  return drafts ? run(weft::speculative(chain, drafter())) : run(chain);
}

template <class B>
int generate(const Settings& s) {
  const terminal::Interrupt interrupt;
  terminal::Progress progress(!s.json && !s.quiet);
  weft::LoadOptions load;
  load.threads = s.threads;
  load.activation_bits = s.activation_bits;
  load.cancel = interrupt.token();
  load.progress = [&](std::size_t done, std::size_t total) { progress.show("load", static_cast<double>(done) / static_cast<double>(total)); };
  const auto start = std::chrono::steady_clock::now();
  const weft::Model<B> model(s.model.empty() ? example::default_model() : std::filesystem::path(s.model), load);
  const std::chrono::duration<double> load_time = std::chrono::steady_clock::now() - start;
  progress.clear();

  weft::Sequence<B> sequence(model, {.kv_type = example::kv_type(s.kv), .context = s.context});
  weft::Options options;
  options.max_tokens = s.max_tokens;
  options.stop = s.stop;
  options.ignore_end_tokens = s.ignore_end;
  options.seed = s.seed;
  options.cancel = interrupt.token();
  bool prompt_shown = s.json || s.quiet;
  const auto show_prompt = [&] {  // once it has been run: until then the bar stands where it will
    progress.clear();
    if (!std::exchange(prompt_shown, true)) terminal::print(stdout, terminal::bold, "{}", s.prompt), std::fflush(stdout);
  };
  options.on_prefill = [&](std::size_t done, std::size_t total) {
    if (done < total)
      progress.show("prefill", static_cast<double>(done) / static_cast<double>(total));
    else
      show_prompt();
  };
  bool streamed = false;
  const auto show = [&](const weft::Piece& piece) {
    streamed = true;
    if (s.json)
      print_json({{"id", piece.id}, {"text", piece.text}, {"logprob", piece.logprob}});
    else
      fmt::print("{}", piece.text), std::fflush(stdout);
  };
  if (s.search.returned == 1) options.on_piece = show;
  const auto results = decode(s, std::move(sequence), options);  // best first
  progress.clear();

  if (s.json) {
    for (const auto& result : results) print_summary(s, model, result, load_time.count());
  } else {
    for (const auto& result : results) {
      if (results.size() > 1) fmt::print("\n{:8.3f} ", result.score);
      if (!streamed) fmt::print("{}", result.text);
    }
    fmt::print("\n");
    std::fflush(stdout);
    if (!s.quiet) print_card(s, model, results.front(), load_time.count());
  }
  return results.front().stop == weft::StopReason::cancelled ? 130 : 0;
}

}  // namespace

int main(int argc, char** argv) try {
  const auto settings = parse(argc, argv);
  if (settings.backend == "reference") return generate<weft::Reference>(settings);
  example::ChosenSet::choose(settings.backend);
  return generate<example::ChosenCpu>(settings);
} catch (...) {
  return example::report_error();
}
