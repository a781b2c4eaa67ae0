// Reads lines of "hex pattern, blank, hex text, dot"; answers each with "begin-end begin-end ...". For fuzz_regex.py.
#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>

#include "weft/core/error.hpp"
#include "weft/core/regex.hpp"

namespace {

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return bytes;
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const std::size_t blank = line.find(' ');
    const std::string pattern = from_hex(std::string_view(line).substr(0, blank));
    const std::string text = from_hex(std::string_view(line).substr(blank + 1));
    try {
      const weft::Regex regex(pattern);
      weft::RegexScanner scanner(regex, text);
      for (weft::RegexMatch match; scanner.next(match);) std::printf("%zu-%zu ", match.begin, match.end);
      std::puts("");
    } catch (const weft::Error& error) {
      std::printf("refused: %s\n", error.what());
    }
    std::fflush(stdout);
  }
}
