// Templates with their variables, and the texts that jinja2 renders from them.
#pragma once

#include <ctime>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace weft::test {

struct TemplateCase {
  std::string name, source;
  nlohmann::ordered_json arguments;     // a dict of Python keeps its order, and tojson shows it
  std::optional<std::string> expected;  // none: jinja2 refuses
  std::string error;
};

inline std::vector<TemplateCase> read_template_cases(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path.string() + " cannot be read");
  std::vector<TemplateCase> cases;
  std::string source;  // a row without a template has that of the row before
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) continue;
    const auto row = nlohmann::ordered_json::parse(line);
    TemplateCase one;
    one.name = path.filename().string() + ", line " + std::to_string(cases.size() + 1);
    if (row.contains("template")) source = row.at("template");
    one.source = source;
    one.arguments = row.at("arguments");
    if (row.contains("expected")) one.expected = row.at("expected");
    else one.error = row.at("error");
    cases.push_back(std::move(one));
  }
  return cases;
}

/// The time at which the goldens were made: 2026-01-02 03:04:05, a Friday.
inline std::tm golden_time() {
  std::tm time{};
  time.tm_year = 126, time.tm_mon = 0, time.tm_mday = 2;
  time.tm_hour = 3, time.tm_min = 4, time.tm_sec = 5;
  time.tm_wday = 5, time.tm_yday = 1;
  return time;
}

}  // namespace weft::test
