// A golden of Hugging Face: a tiny model's folder, its prompts, logits and greedy continuations.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "support/data.hpp"
#include "support/json.hpp"
#include "weft/core/token.hpp"
#include "weft/io/raw_tensor.hpp"
#include "weft/io/safetensors.hpp"

namespace weft::test {

struct GoldenModel {
  std::filesystem::path folder;
  std::vector<std::vector<Token>> prompts, greedy_ids;
  std::vector<std::vector<double>> greedy_margins;
  std::vector<std::vector<float>> logits;  ///< per prompt [length, vocab]
};

inline GoldenModel read_golden(const std::filesystem::path& folder) {
  const auto json = read_json(folder / "golden.json");
  GoldenModel golden;
  golden.folder = folder;
  golden.prompts = json.at("prompts").get<std::vector<std::vector<Token>>>();
  golden.greedy_ids = json.at("greedy_ids").get<std::vector<std::vector<Token>>>();
  golden.greedy_margins = json.at("greedy_margins").get<std::vector<std::vector<double>>>();
  Checkpoint tensors;
  read_safetensors(folder / "golden.safetensors", tensors);
  for (std::size_t i = 0; i < golden.prompts.size(); ++i) {
    const auto& t = tensors.at("logits_" + std::to_string(i));
    std::vector<float> values(t.bytes.size() / sizeof(float));
    std::memcpy(values.data(), t.bytes.data(), t.bytes.size());
    golden.logits.push_back(std::move(values));
  }
  return golden;
}

/// Folders of the goldens that hold a language model.
inline std::vector<std::filesystem::path> golden_folders() {
  std::vector<std::filesystem::path> folders;
  for (const auto& entry : std::filesystem::directory_iterator(goldens()))
    if (std::filesystem::exists(entry.path() / "golden.json")) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  return folders;
}

/// 2e-4 times max(1, |largest logit|), as the goldens' README says.
inline double logit_tolerance(const std::vector<float>& logits) {
  double largest = 1;
  for (const float x : logits) largest = std::max(largest, static_cast<double>(std::fabs(x)));
  return 2e-4 * largest;
}

}  // namespace weft::test
