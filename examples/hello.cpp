// hello: ten lines from a model file to text.
#include <cstdio>

#include "weft/weft.hpp"

int main(int argc, char** argv) try {
  weft::Model model(argc > 1 ? argv[1] : "smollm2.gguf");
  auto story = weft::stream(model, "Once upon a time", weft::top_k(40) | weft::temperature(0.8f) | weft::draw(),
                            {.max_tokens = 64, .stop = {"\n\n"}, .seed = 7});
  for (const weft::Piece& piece : story) {  // id, text, logprob; break whenever you like
    std::printf("%.*s", int(piece.text.size()), piece.text.data());
    std::fflush(stdout);
  }
  std::printf("\n%.1f tokens/s\n", story.result().stats.decode_tps);
} catch (const weft::Error& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
