// best_of_n: the prompt is run once; every answer is a fork of it, and forks share the prompt's pages.
#include <algorithm>
#include <cstdio>
#include <vector>

#include "weft/weft.hpp"

int main(int argc, char** argv) try {
  weft::Model model(argc > 1 ? argv[1] : "smollm2.gguf");
  weft::Sequence prompt(model);
  prompt.append("Q: 17 + 25 = ?\nA:");
  std::vector<weft::Result> answers;
  for (std::uint64_t seed = 0; seed < 8; ++seed)  // fork is O(1): pages shared, copied on write
    answers.push_back(prompt.fork().run(weft::temperature(0.9f) | weft::draw(), {.max_tokens = 32, .stop = {"\n"}, .seed = seed}));
  auto best = std::ranges::max_element(answers, {}, &weft::Result::score);
  std::printf("%s (log p %.2f)\n", best->text.c_str(), best->score);
} catch (const weft::Error& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
