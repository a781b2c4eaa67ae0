// The options that the examples have in common, by the same names everywhere.
#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <string>

namespace example {

/// names: "-m,--model" where the first argument is something else.
inline void add_model_option(CLI::App& app, std::string& model, const char* names = "model,-m,--model") {
  app.add_option(names, model, "GGUF file or Hugging Face folder (SmolLM2-135M in the user's cache)");
}
inline void add_length_option(CLI::App& app, std::int64_t& max_tokens) {
  app.add_option("-n,--max-tokens", max_tokens, "new tokens at most")->check(CLI::PositiveNumber)->capture_default_str();
}
inline void add_seed_option(CLI::App& app, std::uint64_t& seed, const char* what = "of the draws") {
  app.add_option("-s,--seed", seed, what)->capture_default_str();
}
inline CLI::Option* add_threads_option(CLI::App& app, int& threads) {
  return app.add_option("--threads", threads, "workers (one per core)")->check(CLI::PositiveNumber);
}

}  // namespace example
