// limits: what this machine can do at most, for each number of threads: the lines that the other benchmarks are measured against.
//
//   limits -t 1,2
#include "benchmarks/support/limits.hpp"
#include "benchmarks/support/report.hpp"
#include "weft/core/cpu_count.hpp"

namespace {

report::Row measure(int threads, std::size_t megabytes, int rounds) {
  weft::ThreadPool pool(threads);
  const auto bandwidth = example::read_bandwidth(pool, megabytes << 20, rounds);
  const auto join = limits::join_cost(pool, rounds);
  report::Row row{{"threads", pool.size()}, {"read GB/s", bandwidth / 1e9}};
  double int8 = 0, floats = 0;
  for (const auto& loop : limits::int8_loops()) {
    const double rate = limits::macs_per_second(pool, loop, rounds);
    row["int8 GMAC/s, " + std::string(loop.name)] = rate / 1e9;
    int8 = std::max(int8, rate);
  }
  for (const auto& loop : limits::tile_loops())
    row["int8 GMAC/s, " + std::string(loop.name)] = limits::macs_per_second(pool, loop, rounds) / 1e9;
  for (const auto& loop : limits::float_loops()) {
    const double rate = limits::macs_per_second(pool, loop, rounds);
    row["float GMAC/s, " + std::string(loop.name)] = rate / 1e9;
    floats = std::max(floats, rate);
  }
  row["int8 GMAC/s"] = int8 / 1e9;
  row["float GMAC/s"] = floats / 1e9;
  row["meeting us"] = 1e6 * join.meeting;
  row["job us"] = 1e6 * join.run;
  return row;
}

}  // namespace

int main(int argc, char** argv) try {
  std::vector<int> threads;
  std::string format = "md";
  std::size_t megabytes = 256;
  int rounds = 5;
  CLI::App app{"Measures read bandwidth, multiply-adds per second (8 bits, float32) and what a meeting of the thread pool costs."};
  app.add_option("-t,--threads", threads, "numbers of workers (one, and one per core)")->delimiter(',');
  app.add_option("--megabytes", megabytes, "how much to read; more than the caches hold")->capture_default_str();
  app.add_option("-r,--repetitions", rounds, "rounds; the best is shown")->capture_default_str();
  report::add_output_option(app, format);
  CLI11_PARSE(app, argc, argv);
  if (threads.empty()) threads.push_back(1);
  if (threads.size() == 1 && app.count("-t") == 0 && weft::usable_cores() > 1) threads.push_back(weft::usable_cores());
  std::vector<report::Row> rows;
  for (const int count : threads) rows.push_back(measure(count, megabytes, rounds));
  report::print(rows, format);
} catch (const std::exception& e) {
  fmt::print(stderr, "{}\n", e.what());
  return 1;
}
