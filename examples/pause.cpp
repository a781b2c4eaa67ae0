// pause: a story is broken off, saved to a file, and goes on from there, token for token as if there had been no break.
#include <cstdio>
#include <string>

#include "weft/weft.hpp"

int main(int argc, char** argv) try {
  weft::Model model(argc > 1 ? argv[1] : "smollm2.gguf");
  const std::string path = argc > 2 ? argv[2] : std::string(argv[0]) + ".story";
  const auto chain = weft::repetition_penalty(1.1f) | weft::mirostat_v2(2.0f) | weft::draw();
  auto story = weft::stream(model, "Once upon a time", chain, {.max_tokens = 40, .seed = 3});
  int pieces = 0;
  for (const weft::Piece& piece : story) {
    std::printf("%.*s", static_cast<int>(piece.text.size()), piece.text.data());
    if (++pieces == 20) break;
  }
  story.save(path);  // tokens, keys and values, log-probs, mirostat's mu
  std::printf(" ... ");
  auto resumed = weft::resume(model, path, chain);  // another day, in another process
  for (const weft::Piece& piece : resumed) std::printf("%.*s", static_cast<int>(piece.text.size()), piece.text.data());
  std::printf("\n");
} catch (const weft::Error& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
