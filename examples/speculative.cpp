// speculative: the same text token by token and with drafts, and how much sooner; drafters side by side on a page. Green is what was drafted
// and accepted.
//
//   speculative                                    a text that quotes, on the default model, drafted in three ways
//   speculative model.gguf "Once upon a time"      any model, any prompt
//   speculative -d lookup -d layers=10             which drafters: lookup, suffix, lookahead, layers=N, or the file of a smaller model
//   speculative -d layers=10 --branches 2          its first ten layers draft a tree of two branches at each place
#include <CLI/CLI.hpp>

#include "support/common_options.hpp"
#include "support/drafter.hpp"
#include "support/model_path.hpp"
#include "support/page.hpp"
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
  std::string model, prompt = default_prompt, output = "speculative.html";
  std::vector<std::string> drafters{"suffix", "lookup", "lookahead"};
  std::int64_t max_tokens = 96, most = 16, branches = 1;
  float temperature = 0;
  std::uint64_t seed = 0;
  int threads = 0;
};

/// A text, and of each of its tokens whether it was drafted and accepted.
struct Drafted {
  std::string drafter;
  weft::Result text;
  std::vector<bool> accepted;
  bool same = false;   ///< as without drafts
  double speedup = 0;  ///< 0: not measured

  [[nodiscard]] double acceptance() const {
    const auto& stats = text.stats;
    return stats.drafted_tokens > 0 ? static_cast<double>(stats.accepted_tokens) / static_cast<double>(stats.drafted_tokens) : 0;
  }
  [[nodiscard]] double tokens_a_pass() const {
    const auto& stats = text.stats;
    return stats.passes > 0 ? static_cast<double>(stats.passes + stats.accepted_tokens) / static_cast<double>(stats.passes) : 0;
  }
};

// The columns of the table, on the terminal and on the page.
struct Column {
  const char *name, *what;
  std::string (*of)(const Drafted&);
};
const std::vector<Column> columns{
    {"accepted", "drafted tokens that the model chose itself, of all that were run",
     [](const Drafted& d) { return fmt::format("{} of {}", d.text.stats.accepted_tokens, d.text.stats.drafted_tokens); }},
    {"acceptance", "their share", [](const Drafted& d) { return d.text.stats.drafted_tokens > 0 ? fmt::format("{:.0f} %", 100 * d.acceptance()) : "-"; }},
    {"tokens/pass", "tokens of the text for each pass through the model", [](const Drafted& d) { return fmt::format("{:.2f}", d.tokens_a_pass()); }},
    {"tokens/s", "after the first token", [](const Drafted& d) { return fmt::format("{:.1f}", d.text.stats.decode_tps); }},
    {"speed-up", "against the same chain without drafts", [](const Drafted& d) { return d.speedup > 0 ? fmt::format("{:.2f} x", d.speedup) : "-"; }},
    {"same text", "token for token as without drafts", [](const Drafted& d) { return std::string(d.same ? "yes" : "no"); }},
};

/// Writes the text as it comes, accepted tokens in green, if it is to be seen. Whether a token was accepted is known once the next one is asked for.
template <class Stream>
Drafted run_drafted(const std::string& drafter, Stream&& story, bool seen) {
  Drafted made{drafter, {}, {}};
  std::string waiting;
  std::size_t accepted = 0;
  bool any = false;
  const auto settle = [&] {
    const std::size_t now = story.result().stats.accepted_tokens;
    if (any) made.accepted.push_back(now > accepted);
    if (seen) terminal::print(stdout, now > accepted ? fmt::fg(fmt::terminal_color::green) : fmt::text_style(), "{}", waiting);
    if (seen) std::fflush(stdout);
    accepted = now;
  };
  for (const weft::Piece& piece : story) {
    settle();
    waiting = piece.text;
    any = true;
  }
  settle();
  made.text = story.result();
  made.accepted.resize(made.text.tokens.size());
  return made;
}

void print(const std::vector<Drafted>& all) {
  std::size_t wide = 8;
  for (const auto& d : all) wide = std::max(wide, d.drafter.size());
  terminal::print(stdout, terminal::dim, "\n\n{:<{}}", "drafter", wide);
  for (const auto& column : columns) terminal::print(stdout, terminal::dim, " {:>11}", column.name);
  fmt::print("\n");
  for (const auto& d : all) {
    fmt::print("{:<{}}", d.drafter, wide);
    for (const auto& column : columns) fmt::print(" {:>11}", column.of(d));
    fmt::print("\n");
  }
}

std::string render(const Settings& s, const weft::Tokenizer& tokenizer, const weft::Result& plain, const std::vector<Drafted>& all) {
  const bool same = std::all_of(all.begin(), all.end(), [](const Drafted& d) { return d.same; });
  std::string body =
      "<p class=eyebrow>Weft laboratory</p>\n<h1>The same text, sooner</h1>\n<p class=lead>A drafter guesses the tokens to come, one pass of the model "
      "checks all of them, and what the model would have chosen itself is kept: it cost no pass of its own.</p>\n";
  body += page::facts({{"model", std::filesystem::path(s.model).filename().string()},
                       {"prompt", fmt::format("{} tokens", plain.stats.prompt_tokens)},
                       {"text", fmt::format("{} tokens", plain.tokens.size())},
                       {"chain", s.temperature > 0 ? fmt::format("drawn at temperature {:g}, seed {}", s.temperature, s.seed) : "greedy"},
                       {"without drafts", fmt::format("{:.1f} tokens/s", plain.stats.decode_tps)},
                       {"same text", same ? "yes" : "no"}});
  body += "<h2>The figures</h2>\n<div class=scroll><table class=measures><thead><tr><th>drafter</th>";
  for (const auto& column : columns) body += fmt::format("<th class=n title=\"{}\">{}</th>", column.what, column.name);
  body += "</tr></thead>\n<tbody>\n";
  for (const auto& d : all) {
    body += fmt::format("<tr class=drafter><th>{}</th>", page::escape(d.drafter));
    for (const auto& column : columns) body += fmt::format("<td class=n>{}</td>", column.of(d));
    body += "</tr>\n";
  }
  body += "</tbody></table></div>\n<h2>The texts</h2>\n<p class=note>After the prompt below. <span class=got>Green</span>: drafted and accepted.</p>\n"
          "<h3 class=prose>" + page::escape(s.prompt) + "</h3>\n<div class=cards>\n";
  for (const auto& d : all)
    body += fmt::format("<article><h4>{}<span>{:.2f} tokens a pass</span></h4><div class=prose>{}</div></article>\n", page::escape(d.drafter), d.tokens_a_pass(),
                        page::text(tokenizer, d.text, [&](std::size_t i) { return d.accepted[i] ? " got" : ""; }));
  body += "</div>\n<h2>What is measured</h2>\n<p class=note>One run of each. How much is drafted follows what passes over more tokens cost here and how often drafts "
          "hold, so a text that cannot be guessed is hardly drafted at all. Exact matching: Stern et al. 2018, arXiv:1811.03115; Leviathan et al. 2023, "
          "arXiv:2211.17192.</p>\n";
  // here green is what matters, not surprise
  return page::render("The same text, sooner", fmt::format("{}{}", page::table_and_cards, "h3.prose{white-space:pre-wrap}article .t{background:none}.got{color:var(--good);font-weight:600}\n"), body);
}

int run(Settings s) {
  const terminal::Interrupt interrupt;
  page::check_writable(s.output);
  if (s.model.empty()) s.model = example::default_model().string();
  const weft::Model<B> model(s.model, {.threads = s.threads, .cancel = interrupt.token()});
  weft::SamplingParameters sampling;
  sampling.temperature = s.temperature;
  const auto chain = weft::chain_from(sampling);
  const weft::Options options{.max_tokens = s.max_tokens, .seed = s.seed, .cancel = interrupt.token()};

  weft::Sequence<B> prompt(model);
  prompt.append(s.prompt, {.cancel = interrupt.token()});
  terminal::print(stdout, terminal::bold, "{}", s.prompt);
  std::fflush(stdout);
  std::vector<Drafted> all;
  for (const auto& name : s.drafters) {
    const auto drafter = example::load_drafter<B>(name, model, s.branches, s.threads);
    all.push_back(run_drafted(name, weft::stream(prompt.fork(), weft::speculative(chain, drafter, {.most = s.most}), options), all.empty()));
  }
  const auto plain = weft::generate(prompt, chain, options).front();
  bool same = true;
  for (auto& d : all) {
    d.same = d.text.tokens == plain.tokens && d.text.text == plain.text;
    if (d.text.stats.decode_tps > 0 && plain.stats.decode_tps > 0) d.speedup = d.text.stats.decode_tps / plain.stats.decode_tps;
    same = same && d.same;
  }
  print(all);
  std::fflush(stdout);
  page::write(s.output, render(s, model.tokenizer(), plain, all));
  page::say_where(s.output);
  return interrupt.token().stop_requested() ? 130 : same ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) try {
  Settings s;
  CLI::App app{"Writes a text with and without drafts: the same text, sooner. A table and a page."};
  example::add_model_option(app, s.model);
  app.add_option("prompt,-p,--prompt", s.prompt, "text to continue (a recipe to copy when there is none)");
  app.add_option("-d,--draft", s.drafters, std::string(example::drafter_names) + "; may be given several times")->allow_extra_args(false)->capture_default_str();
  app.add_option("--branches", s.branches, "guesses that suffix and models try at each place")->capture_default_str();
  app.add_option("--most", s.most, "drafted tokens a pass at most")->capture_default_str();
  app.add_option("-o,--output", s.output, "the page")->capture_default_str();
  app.add_option("-n,--max-tokens", s.max_tokens, "new tokens at most")->check(CLI::NonNegativeNumber)->capture_default_str();
  app.add_option("-t,--temperature", s.temperature, "0 is greedy")->check(CLI::NonNegativeNumber)->capture_default_str();
  example::add_seed_option(app, s.seed);
  example::add_threads_option(app, s.threads);
  CLI11_PARSE(app, argc, argv);
  return run(s);
} catch (...) {
  return example::report_error();
}
