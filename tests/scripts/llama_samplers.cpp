// Golden data for the steps that llama.cpp alone has: drives its samplers on recorded logits and prints what survives, with
// which probabilities, and what was picked.
//
//   g++ -std=c++17 -I$LLAMA/include -I$LLAMA/ggml/include -I$LLAMA/src -I$LLAMA/common tests/scripts/llama_samplers.cpp
//       $BUILD/common/libllama-common.a $BUILD/common/libllama-common-base.a $BUILD/src/libllama.a
//       $BUILD/ggml/src/libggml.a $BUILD/ggml/src/libggml-cpu.a $BUILD/ggml/src/libggml-base.a -lpthread -ldl -fopenmp
//   ./a.out gpt-2=ggml-vocab-gpt-2.gguf smollm2=SmolLM2-135M-Instruct.Q4_1.gguf > tests/data/steps/llama_samplers.json
#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "llama-sampler.h"
#include "llama.h"
#include "reasoning-budget.h"

namespace {

constexpr int vocab = 50;
std::mt19937 rng(11);
bool first_case = true;

std::vector<float> random_logits(double scale) {
  std::normal_distribution<double> normal(0, scale);
  std::vector<float> logits;
  for (int i = 0; i < vocab; ++i) logits.push_back(static_cast<float>(std::round(normal(rng) * 1e4) / 1e4));
  return logits;
}

std::string text_of(double x) {
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%.8g", std::isinf(x) ? -1e30 : x);
  return buffer;
}
std::string text_of(const std::string& s) {
  std::string text = "\"";
  for (const char c : s) text += c == '\n' ? "\\n" : c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return text + "\"";
}
template <class T>
std::string text_of(const std::vector<T>& values) {
  std::string text = "[";
  for (const auto& v : values) text += (text.size() > 1 ? "," : "") + text_of(v);
  return text + "]";
}

void print_case(const std::string& step, const std::string& rest) {
  std::printf("%s\n{\"step\":\"%s\",%s}", first_case ? "" : ",", step.c_str(), rest.c_str());
  first_case = false;
}

struct Candidates {
  std::vector<llama_token_data> data;
  llama_token_data_array array{};
  explicit Candidates(const std::vector<float>& logits) {
    for (size_t i = 0; i < logits.size(); ++i) data.push_back({static_cast<llama_token>(i), logits[i], 0});
    array = {data.data(), data.size(), -1, false};
  }
  std::vector<float> logits(size_t n) const {
    std::vector<float> all(n, -INFINITY);
    for (size_t i = 0; i < array.size; ++i) all[static_cast<size_t>(array.data[i].id)] = array.data[i].logit;
    return all;
  }
};

void stateless(const std::string& step, const std::vector<double>& params, llama_sampler* sampler,
               std::vector<llama_token> accepted = {}) {
  for (const double scale : {0.5, 2.0, 5.0}) {
    const auto logits = random_logits(scale);
    for (const auto t : accepted) llama_sampler_accept(sampler, t);
    Candidates c(logits);
    llama_sampler_apply(sampler, &c.array);
    print_case(step, "\"params\":" + text_of(params) +
                         ",\"tokens\":" + text_of(std::vector<double>(accepted.begin(), accepted.end())) +
                         ",\"logits\":" + text_of(logits) + ",\"output\":" + text_of(c.logits(logits.size())));
    llama_sampler_reset(sampler);
  }
  llama_sampler_free(sampler);
}

void stateful(const std::string& step, const std::vector<double>& params, llama_sampler* sampler) {
  std::string calls;
  for (int i = 0; i < 14; ++i) {
    const auto logits = random_logits(1.0 + i % 4);
    Candidates c(logits);
    llama_sampler_apply(sampler, &c.array);
    std::vector<double> probabilities(vocab, 0);
    for (size_t j = 0; j < c.array.size; ++j)
      probabilities[static_cast<size_t>(c.array.data[j].id)] = c.array.data[j].p;
    const auto token = c.array.data[c.array.selected].id;
    llama_sampler_accept(sampler, token);
    calls += std::string(i ? "," : "") + "{\"logits\":" + text_of(logits) +
             ",\"probabilities\":" + text_of(probabilities) + ",\"token\":" + std::to_string(token) + "}";
  }
  print_case(step, "\"params\":" + text_of(params) + ",\"calls\":[" + calls + "]");
  llama_sampler_free(sampler);
}

// The penalties, after some of the prefixes of the text, as [length, id, penalty].
std::string dry_penalties(llama_sampler* sampler, const std::vector<llama_token>& text, int n_vocab, size_t every) {
  std::string found;
  for (size_t n = 1; n <= text.size(); ++n) {
    llama_sampler_accept(sampler, text[n - 1]);
    if (n % every != 0 && n != text.size()) continue;
    Candidates c(std::vector<float>(static_cast<size_t>(n_vocab), 0.0f));
    llama_sampler_apply(sampler, &c.array);
    for (size_t i = 0; i < c.array.size; ++i)
      if (c.array.data[i].logit != 0)
        found += (found.empty() ? "[" : ",[") + std::to_string(n) + "," + std::to_string(c.array.data[i].id) + "," +
                 text_of(-c.array.data[i].logit) + "]";
  }
  llama_sampler_free(sampler);
  return "[" + found + "]";
}

void dry_tokens() {
  const std::vector<std::vector<std::vector<llama_token>>> breakers = {{}, {{0}}, {{0}, {1, 2}, {1, 2, 3}, {4, 1}}};
  for (const auto& some : breakers)
    for (const int allowed : {0, 1, 2, 4})
      for (const int range : {12, 1000}) {
        std::vector<llama_token> text;
        for (int i = 0; i < 60; ++i)
          text.push_back(i > 30 && i % 3 ? text[static_cast<size_t>(i - 13)] : static_cast<llama_token>(rng() % 6));
        std::vector<std::vector<double>> runs;
        for (const auto& run : some) runs.emplace_back(run.begin(), run.end());
        auto* sampler = llama_sampler_init_dry_testing(0.8f, 1.3f, allowed, range, some);
        print_case("dry", "\"params\":" + text_of(std::vector<double>{0.8, 1.3, double(allowed), double(range)}) +
                              ",\"breakers\":" + text_of(runs) +
                              ",\"every\":3,\"tokens\":" + text_of(std::vector<double>(text.begin(), text.end())) +
                              ",\"penalties\":" + dry_penalties(sampler, text, 6, 3));
      }
}

void dry_vocabulary(const std::string& name, const std::string& path) {
  auto params = llama_model_default_params();
  params.vocab_only = true;
  auto* model = llama_model_load_from_file(path.c_str(), params);
  const auto* v = llama_model_get_vocab(model);
  const std::string prompt =
      "She said: \"the old house on the hill\".\nHe said: \"the old house on the hill is gone\".\n* the old house on "
      "the hill * is *\n"
      "User:\nthe old house on the hill, the old house on the hill, the old house on the";
  std::vector<llama_token> text(200);
  text.resize(static_cast<size_t>(
      llama_tokenize(v, prompt.data(), static_cast<int>(prompt.size()), text.data(), 200, false, false)));
  const std::vector<std::string> breakers = {"\n", ":", "\"", "*", "User:", "hill,"};
  for (size_t n : {size_t{1}, size_t{4}, breakers.size()}) {
    std::vector<const char*> strings;
    for (size_t i = 0; i < n; ++i) strings.push_back(breakers[i].c_str());
    auto* sampler = llama_sampler_init_dry(v, 1.0f, 1.75f, 2, 1000, strings.data(), strings.size());
    print_case("dry_strings",
               "\"vocabulary\":\"" + name + "\",\"params\":[1,1.75,2,1000],\"breakers\":" +
                   text_of(std::vector<std::string>(breakers.begin(), breakers.begin() + static_cast<long>(n))) +
                   ",\"every\":1,\"tokens\":" + text_of(std::vector<double>(text.begin(), text.end())) +
                   ",\"penalties\":" + dry_penalties(sampler, text, llama_vocab_n_tokens(v), 1));
  }
  llama_model_free(model);
}

void thinking(int budget, const std::vector<llama_tokens>& open, const std::vector<llama_tokens>& close,
              const llama_tokens& forced) {
  for (int run = 0; run < 3; ++run) {
    auto* sampler = common_reasoning_budget_init(nullptr, open, close, forced, budget);
    std::vector<double> text, was_forced;
    for (int i = 0; i < 40; ++i) {
      Candidates c(std::vector<float>(6, 0.0f));
      llama_sampler_apply(sampler, &c.array);
      int left = 0;
      auto token = static_cast<llama_token>(rng() % 6);
      for (size_t j = 0; j < c.array.size; ++j) left += !std::isinf(c.array.data[j].logit);
      if (left == 1)
        for (size_t j = 0; j < c.array.size; ++j)
          if (!std::isinf(c.array.data[j].logit)) token = c.array.data[j].id;
      llama_sampler_accept(sampler, token);
      text.push_back(token);
      was_forced.push_back(left == 1);
    }
    llama_sampler_free(sampler);
    const auto runs = [](const std::vector<llama_tokens>& from) {
      std::vector<std::vector<double>> to;
      for (const auto& r : from) to.emplace_back(r.begin(), r.end());
      return text_of(to);
    };
    print_case("thinking_budget", "\"budget\":" + std::to_string(budget) + ",\"open\":" + runs(open) +
                                      ",\"close\":" + runs(close) +
                                      ",\"forced\":" + text_of(std::vector<double>(forced.begin(), forced.end())) +
                                      ",\"tokens\":" + text_of(text) + ",\"was_forced\":" + text_of(was_forced));
  }
}

}  // namespace

int main(int argc, char** argv) {
  llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
  std::printf("{\"vocab\":%d,\"neg_inf\":-1e30,\"cases\":[", vocab);
  for (const float n : {0.3f, 1.0f, 2.5f}) stateless("top_n_sigma", {n}, llama_sampler_init_top_n_sigma(n));
  for (const float t : {0.02f, 0.1f, 0.3f, 0.5f})
    for (const float p : {0.0f, 1.0f}) stateless("xtc", {p, t}, llama_sampler_init_xtc(p, t, 0, 3));
  for (const float range : {0.3f, 0.7f, 1.5f})
    for (const float exponent : {0.5f, 1.0f, 2.0f})
      stateless("dynamic_temperature", {0.9, range, exponent}, llama_sampler_init_temp_ext(0.9f, range, exponent));
  const std::vector<llama_token> seen = {3, 4, 3, 9, 3, 49, 9};
  for (const float f : {0.4f, -0.3f})
    stateless("frequency_penalty", {f}, llama_sampler_init_penalties(vocab, 64, 1, f, 0), seen);
  for (const float f : {0.4f, -0.3f})
    stateless("presence_penalty", {f}, llama_sampler_init_penalties(vocab, 64, 1, 0, f), seen);
  for (const auto& [tau, eta] : {std::pair<float, float>{2, 0.1f}, {3, 0.4f}, {1, 1.0f}}) {
    for (const int m : {100, 10})
      stateful("mirostat", {tau, eta, double(m)}, llama_sampler_init_mirostat(vocab, 5, tau, eta, m));
    stateful("mirostat_v2", {tau, eta}, llama_sampler_init_mirostat_v2(5, tau, eta));
  }
  for (const auto& [target, decay] : {std::pair<float, float>{0.3f, 0.9f}, {0.55f, 0.5f}, {0.9f, 0.0f}})
    stateful("adaptive_p", {target, decay}, llama_sampler_init_adaptive_p(target, decay, 7));
  dry_tokens();
  thinking(4, {{1}}, {{2}}, {2});
  thinking(3, {{1, 3}, {5}}, {{2, 4}, {0, 2}}, {4, 4, 2});
  thinking(0, {{1}}, {{2}}, {3, 2});
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto at = argument.find('=');
    dry_vocabulary(argument.substr(0, at), argument.substr(at + 1));
  }
  std::printf("\n]}\n");
}
