// decode: tokens per second of prefill and of decoding, with the limit they run against; alone or beside llama.cpp.
//
//   decode -m model.gguf -p 512 -n 128                   a table in llama-bench's columns
//   decode -m model.gguf --peer path/to/llama-bench      the same, alternating with the peer, and the ratio of medians
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
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
  std::vector<std::int64_t> prompts{512}, generated{128};
  int rounds = 5, threads = 0;
};

struct Row {
  std::string test;
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

/// Tokens per second that llama-bench reports for one repetition of a test.
double run_peer(const Settings& s, std::int64_t prompt, std::int64_t generated, int threads) {
  const auto command = fmt::format("'{}' -m '{}' -p {} -n {} -t {} -r 1 -fa 1 -o json 2>/dev/null", s.peer, s.model, prompt, generated, threads);
  std::string output;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::array<char, 4096> buffer{};
  while (pipe && std::fgets(buffer.data(), buffer.size(), pipe.get())) output += buffer.data();
  const auto json = nlohmann::json::parse(output, nullptr, false);
  if (!json.is_array() || json.empty()) weft::fail(weft::ErrorKind::file, s.peer, ": gave no result; is it llama.cpp's llama-bench?");
  return json[0].at("avg_ts").get<double>();
}

template <class B>
double time_prefill(const weft::Model<B>& model, const Settings& s, std::span<const weft::Token> tokens) {
  weft::Sequence<B> sequence(model, {.kv_type = s.kv == "f32" ? weft::KvType::f32 : weft::KvType::f16});
  const auto start = std::chrono::steady_clock::now();
  sequence.append(tokens);
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  return static_cast<double>(tokens.size()) / time.count();
}

template <class B>
double time_decode(const weft::Model<B>& model, const Settings& s, std::span<const weft::Token> tokens) {
  weft::Sequence<B> sequence(model, {.kv_type = s.kv == "f32" ? weft::KvType::f32 : weft::KvType::f16});
  sequence.reserve(tokens.size() + 1);
  sequence.append(tokens.first(1));
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < tokens.size(); ++i) sequence.append(tokens.subspan(i, 1));
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  return static_cast<double>(tokens.size()) / time.count();
}

template <class B>
std::vector<Row> measure(const Settings& s, const weft::Model<B>& model) {
  std::mt19937 random(1);
  const auto tokens_of = [&](std::int64_t count) {
    std::vector<weft::Token> tokens(static_cast<std::size_t>(count));
    for (auto& token : tokens) token = static_cast<weft::Token>(random() % static_cast<unsigned>(model.vocab_size()));
    return tokens;
  };
  const auto kv_bytes = static_cast<double>(model.kv_bytes_per_position(s.kv == "f32" ? weft::KvType::f32 : weft::KvType::f16));
  std::vector<Row> rows;
  for (const auto n : s.prompts) rows.push_back({fmt::format("pp{}", n), {}, {}, 0, 0});
  for (const auto n : s.generated)
    rows.push_back({fmt::format("tg{}", n), {}, {}, static_cast<double>(model.weight_bytes()) + kv_bytes * static_cast<double>(n) / 2, 0});
  std::vector<double> bandwidths;
  for (int round = 0; round < s.rounds; ++round) {
    std::size_t r = 0;
    for (const bool decode : {false, true})
      for (const auto n : decode ? s.generated : s.prompts) {
        auto& row = rows[r++];
        const auto tokens = tokens_of(n);
        row.ours.push_back(decode ? time_decode(model, s, tokens) : time_prefill(model, s, tokens));
        if (!s.peer.empty()) row.peers.push_back(run_peer(s, decode ? 0 : n, decode ? n : 0, model.pool().size()));
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
      list.push_back({{"model", name}, {"backend", B::name()}, {"threads", model.pool().size()}, {"test", row.test}, {"samples_ts", row.ours},
                      {"median_ts", median(row.ours)}, {"ms_per_token", 1e3 / median(row.ours)}, {"bytes_per_token", row.bytes_per_token},
                      {"bandwidth", row.bandwidth}, {"peer_samples_ts", row.peers}, {"peer_median_ts", median(row.peers)}});
    fmt::print("{}\n", list.dump(1));
    return;
  }
  fmt::print("| model | size | backend | threads | test | t/s | ms/token | bus | llama.cpp t/s | ratio |\n|---|--:|---|--:|---|--:|--:|--:|--:|--:|\n");
  for (const auto& row : rows) {
    const double ours = median(row.ours), peer = median(row.peers);
    fmt::print("| {} | {:.1f} MB | {} | {} | {} | {:.1f} ± {:.1f} | {:.3f} | {} | {} | {} |\n", name, static_cast<double>(model.weight_bytes()) / 1e6, B::name(),
               model.pool().size(), row.test, ours, spread(row.ours), 1e3 / ours,
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
  app.add_option("-r,--repetitions", s.rounds, "rounds; medians are shown, ± half the range")->capture_default_str();
  app.add_option("-t,--threads", s.threads, "workers (one per core)");
  app.add_option("--backend", s.backend, "best, scalar, avx2, avx512-vnni or reference")->capture_default_str();
  app.add_option("--kv", s.kv, "f16 or f32")->check(CLI::IsMember({"f16", "f32"}))->capture_default_str();
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
