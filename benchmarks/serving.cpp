// serving: many prompts through one Server against the same ones alone in turn: tokens a second, and what the first token waits for.
//
//   serving -m model.gguf -p 128 -n 64 --rows 1,4,16
#include "benchmarks/support/report.hpp"
#include "benchmarks/support/workload.hpp"
#include "examples/support/model_path.hpp"
#include "weft/core/clock.hpp"
#include "weft/weft.hpp"

namespace {

using B = weft::Cpu<>;

struct Settings {
  std::string model, format = "md";
  std::int64_t requests = 16, prompt = 128, shared = 0, generated = 64;
  std::vector<std::int64_t> rows{1, 4, 16};
  std::size_t pass = weft::ServerOptions<B>{}.pass_tokens;
  int rounds = 3, threads = 0;
};

struct Outcome {
  double seconds = 0;
  std::vector<double> first;  // seconds until the first token of each, from the moment when all were asked for
  std::vector<weft::Result> results;
};

/// Prompts of one length or nearly (7/8 to 9/8), the first `shared` tokens the same in all.
std::vector<std::vector<weft::Token>> prompts(const Settings& s, std::int64_t vocab, unsigned seed) {
  const auto begin = workload::random_tokens(s.shared, vocab, seed);
  std::vector<std::vector<weft::Token>> all;
  for (std::int64_t i = 0; i < s.requests; ++i) {
    all.push_back(begin);
    const auto own = workload::random_tokens(s.prompt * 7 / 8 + s.prompt / 4 * i / s.requests, vocab,
                                             seed * 1000 + 1 + static_cast<unsigned>(i));
    all.back().insert(all.back().end(), own.begin(), own.end());
  }
  return all;
}

weft::Options options(const Settings& s, std::size_t i) {
  return {.max_tokens = s.generated, .ignore_end_tokens = true, .seed = i};
}
auto chain() { return weft::top_k(40) | weft::temperature(0.8f) | weft::draw(); }

Outcome alone(const Settings& s, const weft::Model<B>& model, const std::vector<std::vector<weft::Token>>& all) {
  Outcome outcome;
  const double start = weft::seconds_now();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double before = weft::seconds_now() - start;
    outcome.results.push_back(weft::generate(model, all[i], chain(), options(s, i)).front());
    outcome.first.push_back(before + outcome.results.back().stats.time_to_first_token);
  }
  outcome.seconds = weft::seconds_now() - start;
  return outcome;
}

Outcome served(const Settings& s, const weft::Model<B>& model, const std::vector<std::vector<weft::Token>>& all,
               std::size_t rows, bool cached) {
  Outcome outcome;
  weft::PrefixCache<B> cache(model);
  const double start = weft::seconds_now();
  weft::Server<B> server(model, {.max_rows = rows, .pass_tokens = s.pass, .prefix_cache = cached ? &cache : nullptr});
  std::vector<weft::Ticket> tickets;
  for (std::size_t i = 0; i < all.size(); ++i) tickets.push_back(server.submit(all[i], chain(), options(s, i)));
  server.run();
  outcome.seconds = weft::seconds_now() - start;
  for (const auto& ticket : tickets) {
    outcome.results.push_back(ticket.result());
    outcome.first.push_back(ticket.result().stats.time_to_first_token);
  }
  return outcome;
}

bool same(const Outcome& a, const Outcome& b) {
  for (std::size_t i = 0; i < a.results.size(); ++i)
    if (a.results[i].tokens != b.results[i].tokens || a.results[i].logprobs != b.results[i].logprobs) return false;
  return true;
}

/// Both ways in turn, so that a change of the machine's mood meets both.
report::Row measure(const Settings& s, const weft::Model<B>& model, std::int64_t rows, bool cached) {
  std::vector<double> ours, theirs, our_first, their_first;
  bool bits = true;
  for (int round = 0; round < s.rounds; ++round) {
    const auto all = prompts(s, model.vocab_size(), static_cast<unsigned>(round) + 1);
    const auto a = served(s, model, all, static_cast<std::size_t>(rows), cached);
    const auto b = alone(s, model, all);
    ours.push_back(a.seconds), theirs.push_back(b.seconds);
    our_first.push_back(report::median(a.first)), their_first.push_back(report::median(b.first));
    bits = bits && same(a, b);
  }
  if (!bits) weft::fail(weft::ErrorKind::argument, "rows of a server do not give the bits that they give alone");
  const double tokens = static_cast<double>(s.requests * s.generated);
  return {{"rows", rows},
          {"prefix cache", cached ? "yes" : "no"},
          {"requests", s.requests},
          {"prompt", s.shared + s.prompt},
          {"tokens each", s.generated},
          {"threads", model.pool().size()},
          {"served t/s", tokens / report::median(ours)},
          {"alone t/s", tokens / report::median(theirs)},
          {"times faster", report::median(theirs) / report::median(ours)},
          {"first token s", report::median(our_first)},
          {"alone first s", report::median(their_first)},
          {"same bits", bits}};
}

}  // namespace

int main(int argc, char** argv) try {
  Settings s;
  CLI::App app{"Measures a server with a number of rows against the same requests one after the other."};
  app.add_option("-m,--model", s.model, "GGUF file or Hugging Face folder (SmolLM2-135M in the user's cache)");
  app.add_option("-q,--requests", s.requests, "how many are submitted at once")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("-p,--n-prompt", s.prompt, "tokens of each prompt, 7/8 to 9/8 of it")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("-s,--shared", s.shared,
                 "tokens before it that are the same in all: above 0, a prefix cache is measured too")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("-n,--n-gen", s.generated, "tokens of each continuation")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--rows", s.rows, "rows of the server")
      ->delimiter(',')
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--pass", s.pass, "tokens of a pass")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("-r,--repetitions", s.rounds, "rounds, both ways in turn; medians are shown")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("-t,--threads", s.threads, "workers (one per core)");
  report::add_output_option(app, s.format);
  CLI11_PARSE(app, argc, argv);
  const weft::Model<B> model(s.model.empty() ? example::default_model().string() : s.model, {.threads = s.threads});
  std::vector<report::Row> rows;
  for (const auto n : s.rows) {
    rows.push_back(measure(s, model, n, false));
    if (s.shared > 0) rows.push_back(measure(s, model, n, true));
  }
  report::print(rows, s.format);
} catch (const std::exception& e) {
  fmt::print(stderr, "{}\n", e.what());
  return 1;
}
