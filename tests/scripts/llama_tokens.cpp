// What llama.cpp makes of texts: the other side of compare_llama_tokens.py and of benchmarks/tokenizer.py.
// usage: llama_tokens MODEL_GGUF < lines of JSON strings > lines of lists of ids
//        llama_tokens MODEL_GGUF --time ROUNDS FILE...  > for each file the seconds of each round, and the number of tokens
// Compile with llama.cpp's include folders and its libraries (llama, ggml, ggml-cpu, ggml-base).
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "llama.h"

namespace {

std::vector<llama_token> encode(const llama_vocab* vocabulary, const std::string& text, bool special) {
  std::vector<llama_token> tokens(text.size() + 8);
  const int count = llama_tokenize(vocabulary, text.data(), static_cast<int>(text.size()), tokens.data(), static_cast<int>(tokens.size()), special, special);
  tokens.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  return tokens;
}

void measure(const llama_vocab* vocabulary, int rounds, const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  nlohmann::json seconds;
  std::size_t count = 0;
  for (int i = 0; i < rounds; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    count = encode(vocabulary, text, false).size();
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  std::puts(nlohmann::json{{"seconds", seconds}, {"tokens", count}}.dump().c_str());
}

}  // namespace

int main(int argc, char** argv) {
  llama_log_set([](ggml_log_level level, const char* text, void*) { if (level == GGML_LOG_LEVEL_ERROR) std::fputs(text, stderr); }, nullptr);
  auto parameters = llama_model_default_params();
  parameters.vocab_only = true;
  llama_model* model = llama_model_load_from_file(argv[1], parameters);
  if (model == nullptr) return 1;
  const llama_vocab* vocabulary = llama_model_get_vocab(model);
  if (argc > 3) {
    for (int i = 4; i < argc; ++i) measure(vocabulary, std::stoi(argv[3]), argv[i]);
  } else {
    for (std::string line; std::getline(std::cin, line);) {
      const auto text = nlohmann::json::parse(line).get<std::string>();
      std::puts(nlohmann::json{{"ids", encode(vocabulary, text, false)}, {"with_special", encode(vocabulary, text, true)}}.dump().c_str());
    }
  }
  llama_model_free(model);
}
