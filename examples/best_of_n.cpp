// best_of_n: several answers to one prompt, and which of them is kept by which rule: the likeliest, the surest, or what most of them say.
// The prompt is run once; every answer is a fork of it, and forks share the prompt's pages.
//
//   best_of_n                                            a sum, eight answers, a table and a page
//   best_of_n -p "Q: ...\nA:" -k 32 -t 1.2                more of them, and more varied
//   best_of_n -p "The capital of Italy is" --answer "[A-Z]\w+"   what is voted on: the last match of a regular expression
#include <CLI/CLI.hpp>

#include <map>
#include <numeric>

#include "support/common_options.hpp"
#include "support/model_path.hpp"
#include "support/page.hpp"
#include "support/report_error.hpp"
#include "support/scatter.hpp"
#include "support/terminal.hpp"
#include "weft/core/regex.hpp"
#include "weft/weft.hpp"

namespace {

using B = weft::Cpu<>;

struct Settings {
  std::string model, prompt = "Q: Tom has 17 apples and picks 25 more. How many apples has he now?\nA:", answer = "[0-9]+",
                     output = "best_of_n.html";
  std::vector<std::string> stops{"\n"};
  std::int64_t answers = 8, max_tokens = 48;
  float temperature = 0.9f;
  std::uint64_t seed = 1;
  int threads = 0;
};

struct Answer {
  weft::Result text;
  std::string said;                           // what is voted on
  double log_prob = 0, mean = 0, certainty = 0, votes = 0;
};

/// A rule that ranks answers: more is better.
struct Rule {
  const char *name, *what;
  double Answer::*value;
  const char* format;
};
const std::vector<Rule> rules{
    {"log-prob", "sum of the log-probs of its tokens under the model, nats", &Answer::log_prob, "{:.2f}"},
    {"mean", "the same per token", &Answer::mean, "{:.3f}"},
    {"certainty", "self-certainty: divergence of the model's distributions from a uniform one, nats, mean over tokens", &Answer::certainty, "{:.3f}"},
    {"votes", "answers that say the same", &Answer::votes, "{:.0f}"},
};

std::string shown(const Rule& rule, const Answer& a) { return fmt::format(fmt::runtime(rule.format), a.*rule.value); }
/// The answer that a rule keeps; of equals the likelier.
std::size_t kept(const Rule& rule, const std::vector<Answer>& all) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < all.size(); ++i)
    if (std::pair(all[i].*rule.value, all[i].log_prob) > std::pair(all[best].*rule.value, all[best].log_prob)) best = i;
  return best;
}

/// The last match, or the whole text where there is none.
std::string last_match(const weft::Regex& pattern, std::string_view text) {
  std::string_view last = text;
  weft::RegexScanner scanner(pattern, text);
  for (weft::RegexMatch found; scanner.next(found);) last = text.substr(found.begin, found.end - found.begin);
  return std::string(last);
}

std::vector<Answer> draw_answers(const Settings& s, const weft::Sequence<B>& prompt, const std::stop_token& cancel) {
  const weft::Regex pattern(s.answer);
  const auto chain = weft::temperature(s.temperature) | weft::draw();
  const weft::BestOfOptions all{.n = s.answers, .by = weft::BestBy::self_certainty, .returned = s.answers};
  std::vector<Answer> answers;
  std::map<std::string, double> votes;
  for (auto& r : weft::generate(prompt, weft::best_of(all, chain), {.max_tokens = s.max_tokens, .stop = s.stops, .seed = s.seed, .cancel = cancel})) {
    if (r.tokens.empty()) continue;
    Answer a;
    a.certainty = r.score;
    a.log_prob = std::accumulate(r.raw_logprobs.begin(), r.raw_logprobs.end(), 0.0);
    a.mean = a.log_prob / static_cast<double>(r.tokens.size());
    a.said = last_match(pattern, r.text);
    ++votes[a.said];
    a.text = std::move(r);
    answers.push_back(std::move(a));
  }
  for (auto& a : answers) a.votes = votes[a.said];
  std::stable_sort(answers.begin(), answers.end(), [](const Answer& a, const Answer& b) { return a.log_prob > b.log_prob; });
  return answers;
}

void print(const std::vector<Answer>& all) {
  terminal::print(stdout, terminal::dim, "{:>3}", "");
  for (const auto& rule : rules) terminal::print(stdout, terminal::dim, " {:>9}", rule.name);
  terminal::print(stdout, terminal::dim, "  {:<12} {}\n", "answer", "text");
  for (std::size_t i = 0; i < all.size(); ++i) {
    terminal::print(stdout, terminal::dim, "{:>3}", i + 1);
    for (const auto& rule : rules)
      terminal::print(stdout, kept(rule, all) == i ? terminal::bold : fmt::text_style(), " {:>9}", shown(rule, all[i]));
    std::string line = page::shortened(all[i].text.text, 60).first;
    std::replace(line.begin(), line.end(), '\n', ' ');
    fmt::print("  {:<12} {}\n", page::shortened(all[i].said, 12).first, line);
  }
}

std::string table(const std::vector<Answer>& all) {
  std::string out = "<div class=scroll><table class=measures><thead><tr><th>answer</th>";
  for (const auto& rule : rules) out += fmt::format("<th class=n title=\"{}\">{} \u2191</th>", rule.what, rule.name);
  out += "<th>kept by</th></tr></thead>\n<tbody>\n";
  for (std::size_t i = 0; i < all.size(); ++i) {
    out += fmt::format("<tr class=answer><th>{}<small>{}</small></th>", i + 1, page::escape(page::shortened(all[i].said, 40).first));
    std::string keepers;
    for (const auto& rule : rules) {
      const bool best = kept(rule, all) == i;
      out += fmt::format("<td class=\"n{}\">{}</td>", best ? " top" : "", shown(rule, all[i]));
      if (best) keepers += (keepers.empty() ? "" : ", ") + std::string(rule.name);
    }
    out += fmt::format("<td class=kept>{}</td></tr>\n", keepers);
  }
  return out + "</tbody></table></div>\n";
}

/// Answers that say the same have one colour, as far as there are colours: the three that most say, and the rest.
std::string plot(const std::vector<Answer>& all) {
  std::vector<std::pair<double, std::string>> said;
  for (const auto& a : all) said.emplace_back(-a.votes, a.said);
  std::sort(said.begin(), said.end());
  said.erase(std::unique(said.begin(), said.end()), said.end());
  std::vector<page::Point> points;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto colour = std::find(said.begin(), said.end(), std::pair(-all[i].votes, all[i].said)) - said.begin();
    points.push_back({all[i].mean, all[i].certainty, std::to_string(i + 1),
                      fmt::format("{}: mean log-prob {:.3f}, certainty {:.3f}, says {}", i + 1, all[i].mean, all[i].certainty, all[i].said), i,
                      static_cast<int>(std::min<std::ptrdiff_t>(colour, 3))});
  }
  std::string out = "<p class=key>";
  for (std::size_t c = 0; c < std::min<std::size_t>(said.size(), 4); ++c)
    out += fmt::format("<span><i class=dot style=\"--c:var(--c{})\"></i>{}</span>", c,
                       c == 3 ? "other answers" : page::escape(page::shortened(said[c].second, 40).first));
  return out + "</p>\n<div class=plots><figure><figcaption>Likely and sure</figcaption><div class=scroll>" +
         page::Scatter(points, "mean log-prob of a token, nats", "self-certainty, nats").svg() + "</div></figure></div>\n";
}

std::string render(const Settings& s, const weft::Tokenizer& tokenizer, std::size_t prompt_tokens, double seconds, const std::vector<Answer>& all) {
  std::size_t tokens = 0;
  for (const auto& a : all) tokens += a.text.tokens.size();
  std::string body =
      "<p class=eyebrow>Weft laboratory</p>\n<h1>Best of n</h1>\n<p class=lead>One prompt, several answers drawn from it, and which of them is "
      "kept by which rule.</p>\n";
  body += page::facts({{"model", std::filesystem::path(s.model).filename().string()},
                       {"answers", std::to_string(all.size())},
                       {"temperature", fmt::format("{:g}", s.temperature)},
                       {"prompt", fmt::format("{} tokens, run once and shared", prompt_tokens)},
                       {"tokens of the answers", fmt::format("{}, {:.0f} a second", tokens, static_cast<double>(tokens) / seconds)},
                       {"kept by majority", page::shortened(all[kept(rules.back(), all)].said, 60).first}});
  body += "<h2>What was asked</h2>\n<p class=\"prose asked\">" + page::escape(s.prompt) + "</p>\n";
  body += "<h2>The figures</h2>\n<p class=note>The likeliest first. Bold: what the rule of the column keeps.</p>\n" + table(all) + plot(all);
  body += "<h2>The texts</h2>\n" + page::legend() + "<div class=cards>\n";
  for (std::size_t i = 0; i < all.size(); ++i)
    body += fmt::format("<article><h4>{}<span>{}</span></h4><div class=prose>{}</div></article>\n", i + 1, weft::name(all[i].text.stop),
                        page::text(tokenizer, all[i].text, [](std::size_t) { return ""; }));
  body += "</div>\n<h2>What is measured</h2>\n<p class=note>Log-probs are natural logarithms under the model alone, whatever the temperature. Self-certainty: "
          "Kang et al. 2025, arXiv:2502.18581. Votes: self-consistency, Wang et al. 2023, arXiv:2203.11171; what is voted on is the last match of ";
  body += "<code>" + page::escape(s.answer) + "</code>, or the whole text. Of equals the likelier is kept.</p>\n";
  return page::render("Best of n", fmt::format("{}{}", page::plots, page::table_and_cards), body);
}

int run(Settings s) {
  const terminal::Interrupt interrupt;
  page::check_writable(s.output);
  if (s.model.empty()) s.model = example::default_model().string();
  const weft::Model<B> model(s.model, {.threads = s.threads, .cancel = interrupt.token()});
  weft::Sequence<B> prompt(model);
  prompt.append(s.prompt, {.cancel = interrupt.token()});
  const double start = weft::seconds_now();
  const auto answers = draw_answers(s, prompt, interrupt.token());
  const double seconds = weft::seconds_now() - start;
  const bool cancelled = interrupt.token().stop_requested();
  if (answers.empty()) weft::fail(cancelled ? weft::ErrorKind::cancelled : weft::ErrorKind::argument, "no answer was written, so there is none to keep");
  print(answers);
  std::fflush(stdout);
  page::write(s.output, render(s, model.tokenizer(), prompt.size(), seconds, answers));
  page::say_where(s.output);
  return cancelled ? 130 : 0;
}

}  // namespace

int main(int argc, char** argv) try {
  Settings s;
  CLI::App app{"Draws several answers to a prompt and shows which of them is kept by which rule: a table and a page."};
  example::add_model_option(app, s.model);
  app.add_option("prompt,-p,--prompt", s.prompt, "what is asked (a sum when there is nothing)");
  app.add_option("-k,--answers", s.answers, "how many are drawn")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--answer", s.answer, "what is voted on: the last match of this regular expression in the text")->capture_default_str();
  app.add_option("--stop", s.stops, "text that ends an answer; may be given several times (a line's end)")->allow_extra_args(false);
  app.add_option("-o,--output", s.output, "the page")->capture_default_str();
  example::add_length_option(app, s.max_tokens);
  app.add_option("-t,--temperature", s.temperature, "above 1 more varied, below 1 less")->check(CLI::PositiveNumber)->capture_default_str();
  example::add_seed_option(app, s.seed);
  example::add_threads_option(app, s.threads);
  CLI11_PARSE(app, argc, argv);
  return run(s);
} catch (...) {
  return example::report_error();
}
