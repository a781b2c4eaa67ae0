// Texts from files, or from standard input with "-".
#pragma once

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "weft/core/error.hpp"

namespace example {

/// Throws weft::Error(file) where it cannot be read.
inline std::string read_text(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file || std::filesystem::is_directory(path)) weft::fail(weft::ErrorKind::file, path, ": cannot be read");
  }
  return {std::istreambuf_iterator<char>(path == "-" ? std::cin : file), {}};
}

/// Its lines, without those that are empty. Throws weft::Error(argument) where there is none.
inline std::vector<std::string> read_lines(const std::string& path) {
  std::istringstream text(read_text(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) lines.push_back(line);
  }
  if (lines.empty()) weft::fail(weft::ErrorKind::argument, path, ": no line holds a text");
  return lines;
}

}  // namespace example
