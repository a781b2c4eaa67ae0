// beam: the best continuations that a search over eight branches finds, best first. The branches share what they have in common.
#include <cstdio>

#include "weft/weft.hpp"

int main(int argc, char** argv) try {
  weft::Model model(argc > 1 ? argv[1] : "smollm2.gguf");
  auto beams = weft::generate(model, "The capital of France is", weft::beam({.width = 8, .length_penalty = 0.6f, .returned = 4}),
                              {.max_tokens = 20});
  for (const weft::Result& b : beams) std::printf("%8.3f  %s\n", b.score, b.text.c_str());
} catch (const weft::Error& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
