// Where tests find their data, and how a test says that it skips a case.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#ifndef WEFT_TEST_DATA  // compiled by hand, from the repository's root
#define WEFT_TEST_DATA "tests/data"
#endif
#ifndef WEFT_TEST_GOLDEN_TEXT
#define WEFT_TEST_GOLDEN_TEXT "tests/data/golden_text"
#endif
#ifndef WEFT_TEST_SKIPPED
#define WEFT_TEST_SKIPPED ""
#endif

namespace weft::test {

inline std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

inline std::filesystem::path path_or(const char* name, std::filesystem::path otherwise) {
  const std::string value = variable(name);
  return value.empty() ? otherwise : std::filesystem::path(value);
}

/// A folder of tests/data that no variable replaces.
inline std::filesystem::path data(const char* folder) { return std::filesystem::path(WEFT_TEST_DATA) / folder; }
/// Folder of architectures (config.json, model.safetensors, golden.json, golden.safetensors) and of decoding/.
inline std::filesystem::path goldens() { return path_or("WEFT_GOLDENS", WEFT_TEST_DATA "/goldens"); }
/// Folder with tokenizers/<name>.jsonl and vocab/ggml-vocab-<name>.gguf.
inline std::filesystem::path golden_text() { return path_or("WEFT_GOLDEN_TEXT", WEFT_TEST_GOLDEN_TEXT); }
/// Folder of damaged files with index.json.
inline std::filesystem::path hostile() { return path_or("WEFT_HOSTILE", WEFT_TEST_DATA "/hostile"); }
/// The file reference_f32.json. The variable may name the file or its folder.
inline std::filesystem::path smollm2_reference() {
  auto path = path_or("WEFT_SMOLLM2_REFERENCE", WEFT_TEST_DATA "/goldens_smollm2");
  return path.extension() == ".json" ? path : path / "reference_f32.json";
}
/// The GGUF file; it need not exist.
inline std::filesystem::path smollm2_gguf() {
  auto cache = path_or("XDG_CACHE_HOME", std::filesystem::path(variable("HOME")) / ".cache");
  return path_or("WEFT_SMOLLM2", cache / "weft" / "SmolLM2-135M-Instruct.Q4_1.gguf");
}

/// All bytes of a file.
inline std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// What this program skipped: "name: reason".
inline std::vector<std::string>& skipped() {
  static std::vector<std::string> cases;
  return cases;
}

/// Says that a case is not tested, and why. It is printed, counted and never passes for tested; WEFT_STRICT=1 makes it fail.
inline void skip(std::string_view name, std::string_view reason) {
  skipped().push_back(std::string(name) + ": " + std::string(reason));
  if (std::ofstream list{path_or("WEFT_SKIPPED", WEFT_TEST_SKIPPED), std::ios::app}) list << skipped().back() << '\n';
  if (variable("WEFT_STRICT") == "1") FAIL_CHECK("skipped under WEFT_STRICT: ", skipped().back());
}

/// Whether `path` is there; if not, skips the case with a reason that says so.
inline bool present(const std::filesystem::path& path, std::string_view name) {
  if (std::filesystem::exists(path)) return true;
  skip(name, path.string() + " is not there");
  return false;
}

}  // namespace weft::test
