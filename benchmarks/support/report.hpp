// What every benchmark does with its numbers: medians, and a table as Markdown, CSV or JSON.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace report {

inline double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto n = values.size();
  return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/// Half of the range: what stands after "±".
inline double spread(const std::vector<double>& values) {
  if (values.empty()) return 0;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return (*high - *low) / 2;
}

/// Rows are objects that all have the same keys; the keys are the columns.
using Row = nlohmann::ordered_json;

/// -o md|csv|json, and --json for short.
inline void add_output_option(CLI::App& app, std::string& format) {
  app.add_option("-o,--output", format, "md, csv or json")->check(CLI::IsMember({"md", "csv", "json"}))->capture_default_str();
  app.add_flag_callback("--json", [&format] { format = "json"; }, "the same as -o json");
}

/// A value as a table shows it: numbers to four digits, nothing for null.
inline std::string shown(const Row& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_number_float()) return value.dump();
  const auto x = value.get<double>();
  return std::abs(x) >= 1000 ? fmt::format("{:.0f}", x) : fmt::format("{:.4g}", x);
}

/// Prints rows in one of the formats of add_output_option. Lists (samples) are in JSON alone.
inline void print(const std::vector<Row>& rows, std::string_view format) {
  if (format == "json") {
    fmt::print("{}\n", Row(rows).dump(1));
    return;
  }
  const bool csv = format == "csv";
  const auto line = [csv](const std::vector<std::string>& cells) {
    fmt::print("{}{}{}\n", csv ? "" : "| ", fmt::join(cells, csv ? "," : " | "), csv ? "" : " |");
  };
  bool first = true;
  for (const auto& row : rows) {
    std::vector<std::string> names, rules, cells;
    for (const auto& [key, value] : row.items()) {
      if (value.is_array()) continue;
      names.push_back(key);
      rules.push_back(value.is_string() ? "---" : "--:");
      cells.push_back(shown(value));
    }
    if (first) line(names);
    if (first && !csv) line(rules);
    first = false;
    line(cells);
  }
}

}  // namespace report
