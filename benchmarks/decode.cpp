// decode: tokens per second of prefill and of decoding, with the limit they run against; alone or beside llama.cpp.
//
//   decode -m model.gguf -p 512 -n 128 -d 0,4096 -b 1,16  a table in llama-bench's columns
//   decode -m model.gguf --peer path/to/llama-bench       the same, alternating with the peer, and the ratio of medians
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <nlohmann/json.hpp>
#include <random>

#include "../examples/support/bandwidth.hpp"
#include "../examples/support/model_path.hpp"
#include "../examples/support/terminal.hpp"
#include "weft/backend/reference.hpp"
#include "weft/weft.hpp"

namespace {

struct Settings {
  std::string model, peer, format = "md", backend = "best", kv = "f16";
  std::vector<std::int64_t> prompts{512}, generated{128}, depths{0}, batches{1};
  int rounds = 5, threads = 0;

  [[nodiscard]] weft::KvType kv_type() const { return kv == "f32" ? weft::KvType::f32 : kv == "q8" ? weft::KvType::q8 : weft::KvType::f16; }
};

/// One cell of the grid: a prompt to prefill, or tokens to decode one by one in `batch` sequences, after `depth` tokens.
struct Test {
  std::int64_t prompt = 0, generated = 0, depth = 0, batch = 1;

  [[nodiscard]] std::string name() const {
    auto text = prompt > 0 ? fmt::format("pp{}", prompt) : fmt::format("tg{}", generated);
    if (batch > 1) text += fmt::format(" x{}", batch);
    if (depth > 0) text += fmt::format(" @ d{}", depth);
    return text;
  }
};

struct Row {
  Test test;
  std::vector<double> ours, peers;  ///< tokens per second of each round
  double bytes_per_token = 0;       ///< 0 for prefill, which multipliers limit
  double bandwidth = 0;             ///< bytes per second, measured between the rounds
};

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto n = values.size();
  return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

double spread(const std::vector<double>& values) {
  if (values.empty()) return 0;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return (*high - *low) / 2;
}

/// Tokens per second that llama-bench reports for one repetition of a test; 0 for what it does not measure.
double run_peer(const Settings& s, const Test& test, int threads) {
  if (test.batch > 1) return 0;
  const auto command = fmt::format("'{}' -m '{}' -p {} -n {} -d {} -t {} -r 1 -fa 1 -o json 2>/dev/null", s.peer, s.model, test.prompt,
                                   test.generated, test.depth, threads);
  std::string output;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::array<char, 4096> buffer{};
  while (pipe && std::fgets(buffer.data(), buffer.size(), pipe.get())) output += buffer.data();
  const auto json = nlohmann::json::parse(output, nullptr, false);
  if (!json.is_array() || json.empty()) weft::fail(weft::ErrorKind::file, s.peer, ": gave no result; is it llama.cpp's llama-bench?");
  return json[0].at("avg_ts").get<double>();
}

std::vector<weft::Token> random_tokens(std::int64_t count, std::int64_t vocab, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<weft::Token> tokens(static_cast<std::size_t>(count));
  for (auto& token : tokens) token = static_cast<weft::Token>(random() % static_cast<unsigned>(vocab));
  return tokens;
}

/// Tokens per second of one run of a test that goes on from `base`, which holds test.depth tokens.
template <class B>
double run(const weft::Sequence<B>& base, const Test& test, unsigned seed) {
  const auto count = test.prompt > 0 ? test.prompt : test.generated;
  const auto tokens = random_tokens(count, base.model().vocab_size(), seed);
  std::vector<weft::Sequence<B>> sequences;
  for (std::int64_t i = 0; i < test.batch; ++i) {
    sequences.push_back(base.fork());
    sequences.back().reserve(static_cast<std::size_t>(test.depth + count + 1));
  }
  weft::Batch<B> batch(base.model());
  if (test.prompt == 0 && test.depth == 0)  // a first token, so that decoding has something to go on from
    for (auto& sequence : sequences) sequence.append({tokens[0]});
  const auto start = std::chrono::steady_clock::now();
  if (test.prompt > 0) {
    for (auto& sequence : sequences) sequence.append(tokens);
  } else {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      for (auto& sequence : sequences) batch.add(sequence, std::span<const weft::Token>(tokens).subspan(i, 1));
      batch.run();
    }
  }
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  return static_cast<double>(count * test.batch) / time.count();
}

template <class B>
std::vector<Row> measure(const Settings& s, const weft::Model<B>& model) {
  std::vector<Row> rows;
  const auto add = [&](const Test& test) {
    Row row{test, {}, {}, 0, 0};
    if (test.prompt == 0)
      row.bytes_per_token = static_cast<double>(model.weight_bytes()) / static_cast<double>(test.batch) +
                            static_cast<double>(model.kv_bytes_per_position(s.kv_type())) * (static_cast<double>(test.depth) + static_cast<double>(test.generated) / 2);
    rows.push_back(std::move(row));
  };
  for (const auto depth : s.depths) {
    for (const auto n : s.prompts)
      if (n > 0) add({.prompt = n, .depth = depth});
    for (const auto n : s.generated)
      for (const auto batch : s.batches)
        if (n > 0) add({.generated = n, .depth = depth, .batch = batch});
  }
  std::vector<double> bandwidths;
  for (int round = 0; round < s.rounds; ++round) {
    std::optional<weft::Sequence<B>> base;
    for (auto& row : rows) {
      if (!base || base->size() != static_cast<std::size_t>(row.test.depth)) {
        base.emplace(model, weft::SequenceOptions{.kv_type = s.kv_type()});
        base->append(random_tokens(row.test.depth, model.vocab_size(), 7));
      }
      row.ours.push_back(run(*base, row.test, static_cast<unsigned>(round)));
      if (!s.peer.empty()) row.peers.push_back(run_peer(s, row.test, model.pool().size()));
    }
    bandwidths.push_back(example::read_bandwidth(model.pool(), 256 << 20, 2));
  }
  for (auto& row : rows) row.bandwidth = median(bandwidths);
  return rows;
}

template <class B>
void print(const Settings& s, const weft::Model<B>& model, const std::vector<Row>& rows) {
  const auto name = std::filesystem::path(s.model).filename().string();
  if (s.format == "json") {
    auto list = nlohmann::json::array();
    for (const auto& row : rows)
      list.push_back({{"model", name}, {"backend", B::name()}, {"threads", model.pool().size()}, {"test", row.test.name()}, {"samples_ts", row.ours},
                      {"median_ts", median(row.ours)}, {"ms_per_token", 1e3 / median(row.ours)}, {"bytes_per_token", row.bytes_per_token},
                      {"bandwidth", row.bandwidth}, {"peer_samples_ts", row.peers}, {"peer_median_ts", median(row.peers)}});
    fmt::print("{}\n", list.dump(1));
    return;
  }
  fmt::print("| model | size | backend | threads | test | t/s | ms/token | bus | llama.cpp t/s | ratio |\n|---|--:|---|--:|---|--:|--:|--:|--:|--:|\n");
  for (const auto& row : rows) {
    const double ours = median(row.ours), peer = median(row.peers);
    fmt::print("| {} | {:.1f} MB | {} | {} | {} | {:.1f} ± {:.1f} | {:.3f} | {} | {} | {} |\n", name, static_cast<double>(model.weight_bytes()) / 1e6, B::name(),
               model.pool().size(), row.test.name(), ours, spread(row.ours), 1e3 / ours,
               row.bytes_per_token > 0 ? fmt::format("{:.0f} % of {:.1f} GB/s", 100 * row.bytes_per_token * ours / row.bandwidth, row.bandwidth / 1e9) : "",
               peer > 0 ? fmt::format("{:.1f} ± {:.1f}", peer, spread(row.peers)) : "", peer > 0 ? fmt::format("{:.2f}", ours / peer) : "");
  }
}

}  // namespace

int main(int argc, char** argv) try {
  Settings s;
  CLI::App app{"Measures prefill and decoding, alone or alternating with llama.cpp."};
  app.add_option("-m,--model", s.model, "GGUF file or Hugging Face folder (SmolLM2-135M in the user's cache)");
  app.add_option("-p,--n-prompt", s.prompts, "prompt lengths to prefill")->delimiter(',')->capture_default_str();
  app.add_option("-n,--n-gen", s.generated, "numbers of tokens to decode one by one")->delimiter(',')->capture_default_str();
  app.add_option("-d,--n-depth", s.depths, "numbers of tokens that are there before")->delimiter(',')->capture_default_str();
  app.add_option("-b,--n-batch", s.batches, "numbers of sequences that decode together")->delimiter(',')->capture_default_str();
  app.add_option("-r,--repetitions", s.rounds, "rounds; medians are shown, ± half the range")->capture_default_str();
  app.add_option("-t,--threads", s.threads, "workers (one per core)");
  app.add_option("--backend", s.backend, "best, scalar, avx2, avx512-vnni, neon or reference")->capture_default_str();
  app.add_option("--kv", s.kv, "f16, f32 or q8")->check(CLI::IsMember({"f16", "f32", "q8"}))->capture_default_str();
  app.add_option("--peer", s.peer, "llama.cpp's llama-bench, run alternately with the same threads and flash attention on");
  app.add_option("-o,--output", s.format, "md or json")->check(CLI::IsMember({"md", "json"}))->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (s.model.empty()) s.model = example::default_model().string();
  const auto run = [&]<class B>(std::type_identity<B>) {
    const weft::Model<B> model(s.model, {.threads = s.threads});
    print(s, model, measure(s, model));
    return 0;
  };
  if (s.backend == "reference") return run(std::type_identity<weft::Reference>{});
  return weft::with_cpu(s.backend, [&](auto cpu) { return run(std::type_identity<decltype(cpu)>{}); });
} catch (const std::exception& e) {
  fmt::print(stderr, "{}\n", e.what());
  return 1;
}
