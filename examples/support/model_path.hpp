// Where the examples look for a model when none is named: the user's cache, where `examples/generate.sh` puts it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "weft/core/error.hpp"

namespace example {

inline std::filesystem::path default_model() {
  if (const char* file = std::getenv("WEFT_SMOLLM2"); file && *file) return file;
  std::filesystem::path cache;
  if (const char* xdg = std::getenv("XDG_CACHE_HOME"); xdg && *xdg)
    cache = xdg;
  else if (const char* home = std::getenv("HOME"); home && *home)
    cache = std::filesystem::path(home) / ".cache";
  const auto file = cache / "weft" / "SmolLM2-135M-Instruct.Q4_1.gguf";
  if (!std::filesystem::exists(file))
    weft::fail(weft::ErrorKind::file, file.string(), ": no model there; run `sh examples/generate.sh` once, which fetches it, or name one with --model");
  return file;
}

}  // namespace example
