// Reads the JSON files of the test data.
#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace weft::test {

inline nlohmann::json read_json(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path.string() + " cannot be read");
  return nlohmann::json::parse(file);
}

/// One value per line.
inline std::vector<nlohmann::json> read_json_lines(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path.string() + " cannot be read");
  std::vector<nlohmann::json> values;
  for (std::string line; std::getline(file, line);)
    if (!line.empty()) values.push_back(nlohmann::json::parse(line));
  return values;
}

}  // namespace weft::test
