// A small program for the consumers whose point is the build system: it needs Weft's headers, Eigen's and json's.
#include <cstdio>

#include "weft/backend/reference.hpp"
#include "weft/io/safetensors.hpp"
#include "weft/version.hpp"

int main() try {
  std::printf("weft %s\n", weft::version.data());
  weft::Checkpoint into;
  weft::read_safetensors("missing.safetensors", into);
  return 1;
} catch (const weft::Error& error) {
  std::puts(error.what());
  return error.kind() == weft::ErrorKind::file ? 0 : 1;
}
