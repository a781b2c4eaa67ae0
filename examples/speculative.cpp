// speculative: the same text twice, token by token and with drafts, and how much sooner. Green is what was drafted and accepted.
//
//   speculative                                    a text that quotes, on the default model
//   speculative model.gguf "Once upon a time"      any model, any prompt
//   speculative --draft lookup                     drafts by prompt lookup; suffix (the default), or the file of a smaller model
//   speculative --draft layers=10 --branches 2     its first ten layers draft a tree of two branches at each place
#include <CLI/CLI.hpp>

#include "support/drafter.hpp"
#include "support/model_path.hpp"
#include "support/report_error.hpp"
#include "support/terminal.hpp"
#include "weft/weft.hpp"

namespace {

using B = weft::Cpu<>;

const char* const default_prompt =
    "Copy the recipe, but write \"courgette\" instead of \"zucchini\".\n\n"
    "Recipe:\nCut the zucchini into thin slices and salt them. Heat two spoons of oil in a large pan. Fry the zucchini on both sides "
    "until they are golden. Beat four eggs with a little milk, pepper and grated cheese. Pour the eggs over the zucchini, cover the "
    "pan and let it stand on a low flame for ten minutes. Serve it warm or cold, with bread and tomatoes.\n\n"
    "Copy:\nCut the courgette into thin slices";

struct Settings {
  std::string model, prompt = default_prompt, drafter = "suffix";
  std::int64_t max_tokens = 96, most = 16, branches = 1;
  float temperature = 0;
  std::uint64_t seed = 0;
  int threads = 0;
};

/// Writes the text as it comes, accepted tokens in green. Whether a token was accepted is known once the next one is asked for.
template <class Stream>
weft::Result show(Stream&& story) {
  std::string waiting;
  std::size_t accepted = 0;
  const auto write = [&] {
    const std::size_t now = story.result().stats.accepted_tokens;
    terminal::print(stdout, now > accepted ? fmt::fg(fmt::terminal_color::green) : fmt::text_style(), "{}", waiting);
    std::fflush(stdout);
    accepted = now;
  };
  for (const weft::Piece& piece : story) {
    write();
    waiting = piece.text;
  }
  write();
  return story.result();
}

int run(const Settings& s) {
  const terminal::Interrupt interrupt;
  const weft::Model<B> model(s.model.empty() ? example::default_model().string() : s.model, {.threads = s.threads});
  const auto drafter = example::load_drafter<B>(s.drafter, model, s.branches, s.threads);
  weft::SamplingParameters sampling;
  sampling.temperature = s.temperature;
  const auto chain = weft::chain_from(sampling);
  const weft::Options options{.max_tokens = s.max_tokens, .seed = s.seed, .cancel = interrupt.token()};

  weft::Sequence<B> prompt(model);
  prompt.append(s.prompt, {.cancel = interrupt.token()});
  terminal::print(stdout, terminal::bold, "{}", s.prompt);
  std::fflush(stdout);
  const auto drafted = show(weft::stream(prompt.fork(), weft::speculative(chain, drafter, {.most = s.most}), options));
  const auto plain = weft::generate(prompt, chain, options).front();

  const auto& stats = drafted.stats;
  const auto row = [](const char* label, const std::string& text) {
    terminal::print(stdout, terminal::dim, "  {:<10}", label);
    fmt::print("{}\n", text);
  };
  fmt::print("\n\n");
  row("accepted", fmt::format("{} of {} drafted tokens", stats.accepted_tokens, stats.drafted_tokens));
  if (stats.passes > 0)
    row("passes", fmt::format("{} for {} tokens: {:.2f} a pass", stats.passes, stats.passes + stats.accepted_tokens,
                              static_cast<double>(stats.passes + stats.accepted_tokens) / static_cast<double>(stats.passes)));
  if (stats.decode_tps > 0 && plain.stats.decode_tps > 0)
    row("speed", fmt::format("{:.1f} tokens/s with drafts, {:.1f} without: {:.2f} times", stats.decode_tps, plain.stats.decode_tps,
                             stats.decode_tps / plain.stats.decode_tps));
  if (drafted.stop == weft::StopReason::cancelled || plain.stop == weft::StopReason::cancelled) return 130;
  const bool same = drafted.tokens == plain.tokens && drafted.text == plain.text;
  row("same text", same ? "yes" : "no");
  return same ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) try {
  Settings s;
  CLI::App app{"Writes a text with and without drafts: the same text, sooner."};
  app.add_option("model,-m,--model", s.model, "GGUF file or Hugging Face folder (SmolLM2-135M in the user's cache)");
  app.add_option("prompt,-p,--prompt", s.prompt, "text to continue (a recipe to copy when there is none)");
  app.add_option("-d,--draft", s.drafter, example::drafter_names)->capture_default_str();
  app.add_option("--branches", s.branches, "guesses that suffix and models try at each place")->capture_default_str();
  app.add_option("--most", s.most, "drafted tokens a pass at most")->capture_default_str();
  app.add_option("-n,--max-tokens", s.max_tokens, "new tokens at most")->check(CLI::NonNegativeNumber)->capture_default_str();
  app.add_option("-t,--temperature", s.temperature, "0 is greedy")->check(CLI::NonNegativeNumber)->capture_default_str();
  app.add_option("-s,--seed", s.seed, "of the draws")->capture_default_str();
  app.add_option("--threads", s.threads, "workers (one per core)")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  return run(s);
} catch (...) {
  return example::report_error();
}
