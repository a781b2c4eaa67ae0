// The hello world of the library, against weft::compiled: loads and streams.
#include <cstdio>

#include "weft/weft.hpp"

int main() try {
  std::printf("weft %s\n", weft::version.data());
  weft::Model model("missing.gguf");
  for (const weft::Piece& piece : weft::stream(model, "Once", weft::greedy(), {.max_tokens = 1})) std::puts(piece.text.data());
  return 1;
} catch (const weft::Error& error) {
  std::puts(error.what());
  return error.kind() == weft::ErrorKind::file ? 0 : 1;
}
