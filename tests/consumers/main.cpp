// The whole library, header-only: loads and streams. Together with other.cpp: two translation units of one binary.
#include <cstdio>

#include "weft/weft.hpp"

#ifdef WITH_OTHER_UNIT
int errors_of_the_other_unit();
#else
static int errors_of_the_other_unit() { return 1; }
#endif

int main() try {
  std::printf("weft %s\n", weft::version.data());
  weft::Model model("missing.gguf");
  for (const weft::Piece& piece : weft::stream(model, "Once", weft::greedy(), {.max_tokens = 1})) std::puts(piece.text.data());
  return 1;
} catch (const weft::Error& error) {
  std::puts(error.what());
  return error.kind() == weft::ErrorKind::file && errors_of_the_other_unit() == 1 ? 0 : 1;
}
