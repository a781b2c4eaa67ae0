// perplexity: what quantised weights, keys and values, and the rounding of activations cost in accuracy.
//
//   perplexity model.Q8_0.gguf model.Q4_0.gguf -f book.txt     a row for each model, precision of activations and of keys and values
//
// The text is cut into windows of which the second half is scored, given the first and its own first token, as llama.cpp's perplexity does:
// exp of the mean of -log p. A row's other figures compare it with the most precise one of the same file: 16 bits and f32.
#include <array>
#include <cmath>
#include <fstream>
#include <iterator>

#include "benchmarks/support/report.hpp"
#include "examples/support/kv_type.hpp"
#include "examples/support/model_path.hpp"
#include "weft/weft.hpp"

namespace {

struct Settings {
  std::vector<std::string> models;
  std::string text = WEFT_BENCHMARK_TEXT, format = "md", backend = "best";
  std::int64_t context = 512, most = 16384;
  int threads = 0;
};

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) weft::fail(weft::ErrorKind::file, path, ": cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

/// log p of each token of the second halves of the windows but their first, given the window before it.
template <class B>
std::vector<float> score(const Settings& s, const weft::Model<B>& model, weft::KvType kv,
                         const std::vector<weft::Token>& tokens) {
  std::vector<float> logprobs;
  const auto window = static_cast<std::size_t>(s.context), given = window / 2 + 1;
  for (std::size_t begin = 0; begin + window <= tokens.size(); begin += window) {
    const auto part = std::span(tokens).subspan(begin, window);
    weft::Sequence<B> sequence(model, {.kv_type = kv});
    sequence.append(part.first(given));
    const auto scored = sequence.score(part.subspan(given));
    logprobs.insert(logprobs.end(), scored.begin(), scored.end());
    fmt::print(stderr, "\r{} of {} tokens", begin + window, tokens.size());
  }
  fmt::print(stderr, "\r{:40}\r", "");
  return logprobs;
}

/// exp(-mean), and its standard error.
std::pair<double, double> perplexity(const std::vector<float>& logprobs) {
  const auto n = static_cast<double>(logprobs.size());
  double sum = 0, squares = 0;
  for (const float x : logprobs) sum += double(x), squares += double(x) * double(x);
  const double value = std::exp(-sum / n);
  return {value, value * std::sqrt(std::max(0.0, squares / n - sum / n * (sum / n)) / (n - 1))};
}

double mean_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(double(a[i]) - double(b[i]));
  return sum / static_cast<double>(a.size());
}

template <class B>
void measure(const Settings& s, const std::string& path, std::vector<report::Row>& rows) {
  std::vector<float> precise;
  for (const int bits : {16, 8}) {
    const weft::Model<B> model(path, {.threads = s.threads, .activation_bits = bits});
    auto tokens = model.tokenizer().encode_prompt(read_text(s.text));
    if (std::ssize(tokens) > s.most) tokens.resize(static_cast<std::size_t>(s.most));
    if (std::ssize(tokens) < s.context)
      weft::fail(weft::ErrorKind::argument, s.text, " has ", tokens.size(), " tokens, less than one window of ",
                 s.context, "; name a longer text with -f, or a lower --context");
    for (const std::string kv : {"f32", "f16", "q8"}) {
      const auto logprobs = score(s, model, example::kv_type(kv), tokens);
      if (precise.empty()) precise = logprobs;
      if (bits == 8 && logprobs == precise) return;  // weights that are numbers multiply float32
      const auto [value, error] = perplexity(logprobs);
      rows.push_back({{"model", std::filesystem::path(path).filename().string()},
                      {"MB", static_cast<double>(model.weight_bytes()) / 1e6},
                      {"activations", bits},
                      {"KV", kv},
                      {"tokens", logprobs.size()},
                      {"perplexity", value},
                      {"standard error", error},
                      {"more than precise, %", 100 * (value / perplexity(precise).first - 1)},
                      {"mean |difference| of log p", mean_difference(logprobs, precise)}});
    }
  }
}

}  // namespace

int main(int argc, char** argv) try {
  Settings s;
  CLI::App app{
      "Measures the perplexity of a text under models, by the precision of weights, activations, keys and values."};
  app.add_option("models", s.models, "GGUF files or Hugging Face folders (SmolLM2-135M in the user's cache)");
  app.add_option("-f,--file", s.text, "the text (this library's README)");
  app.add_option("-c,--context", s.context, "tokens of a window")->check(CLI::Range(4, 1 << 20))->capture_default_str();
  app.add_option("--most", s.most, "tokens of the text that are read")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("-t,--threads", s.threads, "workers (one per core)");
  app.add_option("--backend", s.backend, "best, scalar, avx2, avx2-vnni, avx512-vnni, avx512-amx or neon")
      ->capture_default_str();
  report::add_output_option(app, s.format);
  CLI11_PARSE(app, argc, argv);
  if (s.models.empty()) s.models.push_back(example::default_model().string());
  std::vector<report::Row> rows;
  for (const auto& path : s.models) weft::with_cpu(s.backend, [&](auto cpu) { measure<decltype(cpu)>(s, path, rows); });
  report::print(rows, s.format);
} catch (const std::exception& e) {
  fmt::print(stderr, "{}\n", e.what());
  return 1;
}
