// generate: a model writes. No argument needed; `--help` lists what there is.
//
//   generate "Once upon a time"                         greedy, on the default model
//   generate -p "Dear diary" --temperature 0.9 --seed 7  sampling
//   generate -p "The capital of France is" --beams 4     beam search
//   cat story.txt | generate -f - --json                 one JSON object a token, then a summary
#include <CLI/CLI.hpp>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>

#include "support/bandwidth.hpp"
#include "support/model_path.hpp"
#include "support/terminal.hpp"
#include "weft/backend/reference.hpp"
#include "weft/weft.hpp"

namespace {

struct Settings {
  std::string model, prompt, prompt_file, backend = "best", kv = "f16";
  std::optional<std::uint64_t> seed;
  weft::SamplingParameters sampling;
  std::int64_t max_tokens = 128, beams = 0, context = 0;
  float length_penalty = 1;
  std::string early_stopping = "heuristic";
  std::int64_t returned = 1;
  std::vector<std::string> stop;
  int threads = 0;
  bool json = false, quiet = false, ignore_end = false;
  std::string command;  ///< what to type to get this text again
};

const char* const default_prompt = "Once upon a time, in a small village by the sea, there lived";

Settings parse(int argc, char** argv) {
  Settings s;
  s.sampling.temperature = 0;
  std::uint64_t seed = 0;
  CLI::App app{"Continues a text with a language model."};
  app.add_option("prompt,-p,--prompt", s.prompt, "text to continue (a story's first words when there is none)");
  app.add_option("-f,--file", s.prompt_file, "read the text from a file, or from standard input with -");
  app.add_option("-m,--model", s.model, "GGUF file or Hugging Face folder (SmolLM2-135M in the user's cache)");
  app.add_option("-n,--max-tokens", s.max_tokens, "new tokens at most")->capture_default_str();
  app.add_option("--context", s.context, "positions at most (the model's context length)");
  app.add_option("--stop", s.stop, "text that ends the generation; may be given several times");
  app.add_flag("--ignore-end", s.ignore_end, "go on after the model's end token");
  app.add_option("-t,--temperature", s.sampling.temperature, "0 is greedy")->capture_default_str()->group("Sampling");
  app.add_option("--top-k", s.sampling.top_k, "only the k most likely tokens")->group("Sampling");
  app.add_option("--top-p", s.sampling.top_p, "only the smallest set that reaches probability p")->group("Sampling");
  app.add_option("--min-p", s.sampling.min_p, "only tokens at least this likely, relative to the best")->group("Sampling");
  app.add_option("--repetition-penalty", s.sampling.repetition_penalty, "above 1 avoids tokens that occurred")->group("Sampling");
  app.add_option("--no-repeat-ngram", s.sampling.no_repeat_ngram, "no n tokens twice in a row")->group("Sampling");
  app.add_option("--min-tokens", s.sampling.min_new_tokens, "no end before so many new tokens")->group("Sampling");
  const auto* seed_option = app.add_option("-s,--seed", seed, "of the random draws (random)")->group("Sampling");
  app.add_option("-b,--beams", s.beams, "beam search of this width")->group("Beam search");
  app.add_option("--length-penalty", s.length_penalty, "above 0 favours long texts")->capture_default_str()->group("Beam search");
  app.add_option("--early-stopping", s.early_stopping, "true, false or never")->check(CLI::IsMember({"true", "false", "never", "heuristic"}))->group("Beam search");
  app.add_option("--returned", s.returned, "how many of the best beams to show")->capture_default_str()->group("Beam search");
  app.add_option("--threads", s.threads, "workers (one per core)")->group("Machine");
  app.add_option("--backend", s.backend, "best, scalar, avx2, avx512-vnni, neon or reference")->capture_default_str()->group("Machine");
  app.add_option("--kv", s.kv, "precision of keys and values: f16, f32 or q8 (8 bits)")->check(CLI::IsMember({"f16", "f32", "q8"}))->capture_default_str()->group("Machine");
  app.add_flag("--json", s.json, "one JSON object a token, then a summary")->group("Output");
  app.add_flag("-q,--quiet", s.quiet, "the text alone")->group("Output");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    std::exit(app.exit(e));
  }
  if (*seed_option) s.seed = seed;
  if (s.prompt_file == "-") {
    s.prompt.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else if (!s.prompt_file.empty()) {
    std::ifstream file(s.prompt_file, std::ios::binary);
    if (!file) weft::fail(weft::ErrorKind::file, s.prompt_file, ": cannot be read");
    s.prompt.assign(std::istreambuf_iterator<char>(file), {});
  } else if (s.prompt.empty()) {
    s.prompt = default_prompt;
  }
  if (!s.seed) s.seed = s.sampling.temperature > 0 ? std::random_device{}() : 0;
  for (int i = 0; i < argc; ++i) {
    std::string word = argv[i];
    if (word.find_first_of(" \t\n\"'$\\!*?") != std::string::npos || word.empty()) {
      std::string quoted = "'";
      for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
      word = quoted + "'";
    }
    s.command += (i ? " " : "") + word;
  }
  if (!*seed_option && s.sampling.temperature > 0) s.command += fmt::format(" --seed {}", *s.seed);
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
  row("tokens", fmt::format("{} prompt + {} new", stats.prompt_tokens, stats.generated_tokens));
  row("prefill", fmt::format("{:.0f} tokens/s", stats.prefill_tps));
  if (stats.decode_tps > 0) {
    const double bandwidth = example::read_bandwidth(model.pool(), 128 << 20, 3);
    const auto kv = s.kv == "f32" ? weft::KvType::f32 : s.kv == "q8" ? weft::KvType::q8 : weft::KvType::f16;
    const double share = s.beams > 0 || bandwidth <= 0 ? 0 : bytes_per_token(model, result, kv) * stats.decode_tps / bandwidth;
    row("decode", share > 0 ? fmt::format("{:.1f} tokens/s, {:.0f} % of the memory bus ({:.1f} GB/s)", stats.decode_tps, 100 * share, bandwidth / 1e9)
                            : fmt::format("{:.1f} tokens/s", stats.decode_tps));
  }
  row("first token", fmt::format("{:.0f} ms after the prompt, {:.0f} ms to load", 1e3 * stats.time_to_first_token, 1e3 * load_seconds));
  row("backend", fmt::format("{}, {} thread{}", B::name(), model.pool().size(), model.pool().size() == 1 ? "" : "s"));
  if (s.sampling.temperature > 0 && s.beams == 0) row("seed", std::to_string(*s.seed));
  row("again", s.command);
}

nlohmann::json summary(const weft::Result& result) {
  const auto& stats = result.stats;
  nlohmann::json json{{"text", result.text}, {"tokens", result.tokens}, {"stop", weft::name(result.stop)}, {"score", result.score},
                      {"prompt_tokens", stats.prompt_tokens}, {"new_tokens", stats.generated_tokens}, {"prefill_tps", stats.prefill_tps},
                      {"decode_tps", stats.decode_tps}, {"time_to_first_token", stats.time_to_first_token}};
  if (!result.stop_string.empty()) json["stop_string"] = result.stop_string;
  return json;
}

/// Text that came out of a model may end inside a character: JSON gets U+FFFD there.
void print_json(const nlohmann::json& json) {
  fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  std::fflush(stdout);
}

template <class B>
weft::Result sample(const Settings& s, weft::Sequence<B> sequence, weft::Options options) {
  terminal::Progress progress(!s.json && !s.quiet);
  options.on_prefill = [&](std::size_t done, std::size_t total) {
    if (total > 64) progress.show("prefill", static_cast<double>(done) / static_cast<double>(total));
  };
  auto stream = weft::stream(std::move(sequence), s.prompt, weft::chain_from(s.sampling), options);
  bool first = true;
  for (const auto& piece : stream) {
    if (first) progress.clear();
    first = false;
    if (s.json)
      print_json({{"id", piece.id}, {"text", piece.text}, {"logprob", piece.logprob}});
    else
      fmt::print("{}", piece.text), std::fflush(stdout);
  }
  return stream.result();
}

template <class B>
weft::Result search(const Settings& s, weft::Sequence<B> sequence, const weft::Options& options) {
  const auto stopping = s.early_stopping == "true"    ? weft::EarlyStopping::when_width_finished
                        : s.early_stopping == "never" ? weft::EarlyStopping::never
                                                      : weft::EarlyStopping::heuristic;
  auto sampling = s.sampling;
  if (sampling.temperature == 0) sampling.temperature = 1;
  const auto strategy = weft::steps_from(sampling) | weft::beam({.width = s.beams, .length_penalty = s.length_penalty, .early_stopping = stopping, .returned = s.returned});
  const auto beams = weft::generate(std::move(sequence), s.prompt, strategy, options);
  for (std::size_t i = 0; i < beams.size(); ++i) {
    if (s.json)
      print_json(summary(beams[i]));
    else if (beams.size() > 1)
      fmt::print("{:8.3f}  {}\n", beams[i].score, beams[i].text);
    else
      fmt::print("{}", beams[i].text);
  }
  return beams.front();
}

template <class B>
int generate(const Settings& s) {
  const terminal::Interrupt interrupt;
  terminal::Progress progress(!s.json && !s.quiet);
  weft::LoadOptions load;
  load.threads = s.threads;
  load.cancel = interrupt.token();
  load.progress = [&](std::size_t done, std::size_t total) { progress.show("load", static_cast<double>(done) / static_cast<double>(total)); };
  const auto start = std::chrono::steady_clock::now();
  const weft::Model<B> model(s.model.empty() ? example::default_model() : std::filesystem::path(s.model), load);
  const std::chrono::duration<double> load_time = std::chrono::steady_clock::now() - start;
  progress.clear();

  weft::Sequence<B> sequence(model, {.kv_type = s.kv == "f32" ? weft::KvType::f32 : s.kv == "q8" ? weft::KvType::q8 : weft::KvType::f16, .context = s.context});
  weft::Options options;
  options.max_tokens = s.max_tokens;
  options.stop = s.stop;
  options.ignore_end_tokens = s.ignore_end;
  options.seed = *s.seed;
  options.cancel = interrupt.token();
  if (!s.json && !s.quiet) terminal::print(stdout, terminal::bold, "{}", s.prompt), std::fflush(stdout);
  const auto result = s.beams > 0 ? search(s, std::move(sequence), options) : sample(s, std::move(sequence), options);
  if (s.json) {
    if (s.beams == 0) print_json(summary(result));  // a search has printed one for each of its results, best first
  } else {
    fmt::print("\n");
    std::fflush(stdout);
    if (!s.quiet) print_card(s, model, result, load_time.count());
  }
  return result.stop == weft::StopReason::cancelled ? 130 : 0;
}

}  // namespace

int main(int argc, char** argv) try {
  const auto settings = parse(argc, argv);
  if (settings.backend == "reference") return generate<weft::Reference>(settings);
  return weft::with_cpu(settings.backend, [&](auto cpu) { return generate<decltype(cpu)>(settings); });
} catch (const weft::Error& e) {
  fmt::print(stderr, "{}\n", e.what());
  return e.kind() == weft::ErrorKind::cancelled ? 130 : 1;
} catch (const std::exception& e) {
  fmt::print(stderr, "{}\n", e.what());
  return 1;
}
