// The damaged files, case by case, and whether a message is the one that a case asks for.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "support/data.hpp"
#include "support/json.hpp"

namespace weft::test {

struct HostileCase {
  std::filesystem::path path{};
  std::string file{};     ///< below hostile()
  std::string family{};   ///< "gguf", "text", ...
  std::string expect{};   ///< "accept", "reject" or "either"
  std::string description{};
  std::vector<std::string> names{};  ///< one of these must occur in the message of a rejection
  double seconds = 0;     ///< that it may take; as a time-out only, with ten times as much

  /// Whether the message names what is wrong, whatever the case of its letters.
  [[nodiscard]] bool named_by(std::string message) const {
    const auto lower = [](std::string text) {
      for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
      return text;
    };
    message = lower(std::move(message));
    const auto occurs = [&](const std::string& name) { return message.find(lower(name)) != std::string::npos; };
    return !message.empty() && (names.empty() || std::any_of(names.begin(), names.end(), occurs));
  }
  /// message: of the error, or "".
  void check(const std::string& message) const {
    if (expect == "accept") CHECK_MESSAGE(message.empty(), message);
    if (expect == "reject") CHECK_MESSAGE(named_by(message), message);
  }
};

/// The cases for which wanted(case) holds; none, and said so, where there are no such files.
template <class Wanted>
std::vector<HostileCase> hostile_cases(std::string_view name, const Wanted& wanted) {
  std::vector<HostileCase> cases;
  if (!present(hostile() / "index.json", name)) return cases;
  const auto index = read_json(hostile() / "index.json");
  for (const auto& entry : index.at("cases")) {
    const std::string file = entry.at("file");
    HostileCase one{hostile() / file, file, entry.at("family"), entry.at("expect"), entry.at("description"), entry.at("error_names"), entry.at("limit_s")};
    if (wanted(one)) cases.push_back(std::move(one));
  }
  if (cases.empty()) skip(name, "the index has none");
  return cases;
}

}  // namespace weft::test
