// custom_step: any callable is a step of the chain. This one keeps the model from ending its text too early.
#include <cmath>
#include <cstdio>

#include "weft/weft.hpp"

int main(int argc, char** argv) try {
  weft::Model model(argc > 1 ? argv[1] : "smollm2.gguf");
  auto no_early_end = [&](std::span<float> logits, std::span<const weft::Token> history) {
    if (history.size() < 16)
      for (const auto end : model.end_tokens()) logits[static_cast<std::size_t>(end)] = -INFINITY;
  };
  for (const auto& p : weft::stream(model, "In the last chapter", no_early_end | weft::top_k(40) | weft::draw(), {.max_tokens = 48}))
    std::printf("%.*s", int(p.text.size()), p.text.data());
  std::puts("");
} catch (const weft::Error& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
