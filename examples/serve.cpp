// serve: several prompts at once, each with a chain and options of its own, in one continuous batch. Each text is the one it would be alone.
#include <cstdio>
#include <string>
#include <vector>

#include "weft/weft.hpp"

int main(int argc, char** argv) try {
  weft::Model model(argc > 1 ? argv[1] : "smollm2.gguf");
  weft::PrefixCache cache(model);  // what prompts have in common is run once
  weft::Server server(model, {.max_rows = 8, .prefix_cache = &cache});
  std::vector<weft::Ticket> tickets;
  for (const std::string country : {"France", "Italy", "Japan", "Peru"}) {
    const std::string prompt = "Q: What is the capital of " + country + "?\nA:";
    tickets.push_back(server.submit(prompt, weft::greedy(), {.max_tokens = 24, .stop = {"\n"}}));
    tickets.push_back(server.submit(prompt, weft::temperature(0.9f) | weft::draw(), {.max_tokens = 24, .stop = {"\n"}, .seed = 7}));
  }
  server.run();  // in this thread; serve() goes on for as long as others submit
  for (const auto& ticket : tickets) std::printf("%s\n", ticket.result().text.c_str());
} catch (const weft::Error& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
