// decode: tokens per second of prefill and of decoding, with the limit they run against; alone or beside llama.cpp.
//
//   decode -m model.gguf -p 512 -n 128 -d 0,4096 -b 1,16  a table in llama-bench's columns
//   decode -m model.gguf --peer path/to/llama-bench       the same, alternating with the peer, and the ratio of medians
#include <array>
#include <cstdio>
#include <memory>
#include <optional>

#include "benchmarks/support/allocations.hpp"
#include "benchmarks/support/limits.hpp"
#include "benchmarks/support/report.hpp"
#include "benchmarks/support/workload.hpp"
#include "examples/support/kv_type.hpp"
#include "examples/support/model_path.hpp"
#include "weft/backend/reference.hpp"
#include "weft/weft.hpp"

namespace {

struct Settings {
  std::string model, peer, format = "md", backend = "best", kv = "f16";
  std::vector<std::int64_t> prompts{512}, generated{128}, depths{0}, batches{1};
  int rounds = 5, threads = 0, activation_bits = 8;
  bool warm_up = true;

  [[nodiscard]] weft::KvType kv_type() const { return example::kv_type(kv); }
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
  double macs_per_token = 0;        ///< of the matrices
  double joins_per_token = 0, allocations_per_token = 0;
};

/// What the rows run against, measured between the rounds.
struct Limits {
  double bandwidth = 0;         ///< bytes per second
  double macs = 0;              ///< multiply-adds per second
  std::string_view macs_type{};  ///< "int8", or "float" for a model whose weights are floats
};

using report::median;
using report::spread;
using workload::random_tokens;

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

/// One run of a test that goes on from `base`, which holds test.depth tokens: its tokens per second go to row.ours.
template <class B>
void run(const weft::Sequence<B>& base, Row& row, unsigned seed) {
  const auto& test = row.test;
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
  const auto& pool = base.model().pool();
  const auto joins = pool.meetings();
  const auto allocated = allocations::count.load();
  const double start = weft::seconds_now();
  if (test.prompt > 0) {
    for (auto& sequence : sequences) sequence.append(tokens);
  } else {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      for (auto& sequence : sequences) batch.add(sequence, std::span<const weft::Token>(tokens).subspan(i, 1));
      batch.run();
    }
  }
  const double time = weft::seconds_now() - start;
  const auto n = static_cast<double>(count * test.batch);
  row.ours.push_back(n / time);
  row.joins_per_token = static_cast<double>(pool.meetings() - joins) / n;
  row.allocations_per_token = static_cast<double>(allocations::count.load() - allocated) / n;
}

/// The rows of the grid, with what each token costs at least.
template <class B>
std::vector<Row> make_rows(const Settings& s, const weft::Model<B>& model) {
  std::vector<Row> rows;
  const auto add = [&](const Test& test) {
    Row row{.test = test, .ours = {}, .peers = {}};
    const auto layers = workload::layer_macs(model.spec()), head = workload::head_macs(model.spec());
    row.macs_per_token = test.prompt > 0 ? layers + head / static_cast<double>(test.prompt) : layers + head;
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
  return rows;
}

/// Runs the rounds. Before the first one every test runs once unseen, as llama-bench does, so that caches and pages are warm.
template <class B>
Limits measure(const Settings& s, const weft::Model<B>& model, std::vector<Row>& rows) {
  const double values = workload::layer_macs(model.spec()) + workload::head_macs(model.spec());
  const bool floats = static_cast<double>(model.weight_bytes()) > 1.9 * values;
  std::vector<double> bandwidths, macs;
  std::optional<weft::Sequence<B>> base;
  for (int round = s.warm_up ? -1 : 0; round < s.rounds; ++round) {
    for (auto& row : rows) {
      if (!base || base->size() != static_cast<std::size_t>(row.test.depth)) {
        base.emplace(model, weft::SequenceOptions{.kv_type = s.kv_type()});
        base->append(random_tokens(row.test.depth, model.vocab_size(), 7));
      }
      if (round < 0) {  // of a long test a beginning is enough
        Row warm = row;
        warm.test.prompt = std::min<std::int64_t>(row.test.prompt, 512);
        warm.test.generated = std::min<std::int64_t>(row.test.generated, 4);
        run(*base, warm, 99);
        continue;
      }
      run(*base, row, static_cast<unsigned>(round));
      if (!s.peer.empty()) row.peers.push_back(run_peer(s, row.test, model.pool().size()));
    }
    if (round < 0) continue;
    bandwidths.push_back(example::read_bandwidth(model.pool(), 256 << 20, 2));
    macs.push_back(limits::peak(model.pool(), floats ? limits::float_loops() : limits::int8_loops(), 2));
  }
  return {median(bandwidths), median(macs), floats ? "float" : "int8"};
}

template <class B>
void print(const Settings& s, const weft::Model<B>& model, const std::vector<Row>& rows, const Limits& limit) {
  const auto name = std::filesystem::path(s.model).filename().string();
  std::vector<report::Row> list;
  for (const auto& row : rows) {
    const double ours = median(row.ours);
    list.push_back({{"model", name}, {"size", model.weight_bytes()}, {"backend", B::name()}, {"threads", model.pool().size()}, {"kv", s.kv}, {"activation_bits", s.activation_bits},
                    {"test", row.test.name()}, {"n_prompt", row.test.prompt}, {"n_gen", row.test.generated}, {"n_depth", row.test.depth},
                    {"n_batch", row.test.batch}, {"samples_ts", row.ours}, {"median_ts", ours}, {"spread_ts", spread(row.ours)},
                    {"ms_per_token", 1e3 / ours}, {"bytes_per_token", row.bytes_per_token}, {"bandwidth", limit.bandwidth},
                    {"bandwidth_share", row.bytes_per_token * ours / limit.bandwidth}, {"macs_per_token", row.macs_per_token},
                    {"peak_type", limit.macs_type}, {"peak_macs", limit.macs}, {"peak_share", row.macs_per_token * ours / limit.macs},
                    {"joins_per_token", row.joins_per_token}, {"allocations_per_token", row.allocations_per_token},
                    {"peer_samples_ts", row.peers}, {"peer_median_ts", median(row.peers)}});
  }
  if (s.format != "md") return report::print(list, s.format);
  const bool peer = !s.peer.empty();
  fmt::print("{} limits: read {:.1f} GB/s, {:.0f} {} GMAC/s\n\n", model.pool().size() == 1 ? "1 thread," : fmt::format("{} threads,", model.pool().size()),
             limit.bandwidth / 1e9, limit.macs / 1e9, limit.macs_type);
  fmt::print("| model | size | backend | threads | test | t/s | ms/token | MB/token | bus | peak | joins | allocations |{}\n", peer ? " llama.cpp t/s | ratio |" : "");
  fmt::print("|---|--:|---|--:|---|--:|--:|--:|--:|--:|--:|--:|{}\n", peer ? "--:|--:|" : "");
  for (const auto& row : rows) {
    const double ours = median(row.ours);
    const bool bus = row.bytes_per_token > 0;
    fmt::print("| {} | {:.1f} MB | {} | {} | {} | {:.1f} ± {:.1f} | {:.3f} | {} | {} | {:.0f} % | {:.1f} | {:.2f} |", name,
               static_cast<double>(model.weight_bytes()) / 1e6, B::name(), model.pool().size(), row.test.name(), ours, spread(row.ours), 1e3 / ours,
               bus ? fmt::format("{:.1f}", row.bytes_per_token / 1e6) : "", bus ? fmt::format("{:.0f} %", 100 * row.bytes_per_token * ours / limit.bandwidth) : "",
               100 * row.macs_per_token * ours / limit.macs, row.joins_per_token, row.allocations_per_token);
    const double theirs = median(row.peers);
    if (peer) fmt::print(" {} | {} |", theirs > 0 ? fmt::format("{:.1f} ± {:.1f}", theirs, spread(row.peers)) : "", theirs > 0 ? fmt::format("{:.2f}", ours / theirs) : "");
    fmt::print("\n");
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
  app.add_option("-r,--repetitions", s.rounds, "rounds; medians are shown, ± half the range")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("-t,--threads", s.threads, "workers (one per core)");
  app.add_option("--backend", s.backend, "best, scalar, avx2, avx2-vnni, avx512-vnni, avx512-amx, neon or reference")->capture_default_str();
  app.add_option("--kv", s.kv, "f16, f32 or q8")->check(CLI::IsMember({"f16", "f32", "q8"}))->capture_default_str();
  app.add_option("--activation-bits", s.activation_bits, "8 or 16")->check(CLI::IsMember({8, 16}))->capture_default_str();
  app.add_option("--peer", s.peer, "llama.cpp's llama-bench, run alternately with the same threads and flash attention on");
  app.add_flag("!--no-warmup", s.warm_up, "no run before the first round");
  report::add_output_option(app, s.format);
  CLI11_PARSE(app, argc, argv);
  if (s.model.empty()) s.model = example::default_model().string();
  const auto run = [&]<class B>(std::type_identity<B>) {
    const weft::Model<B> model(s.model, {.threads = s.threads, .activation_bits = s.activation_bits});
    auto rows = make_rows(s, model);
    const auto limit = measure(s, model, rows);
    print(s, model, rows, limit);
    return 0;
  };
  if (s.backend == "reference") return run(std::type_identity<weft::Reference>{});
  return weft::with_cpu(s.backend, [&](auto cpu) { return run(std::type_identity<decltype(cpu)>{}); });
} catch (const std::exception& e) {
  fmt::print(stderr, "{}\n", e.what());
  return 1;
}
