// beam_tree: a beam search as a tree: what was kept at each step, what was pruned, and which texts came out.
//
//   beam_tree                                           a page about four beams, on the default model
//   beam_tree -p "The meaning of life is" -b 6 -n 20     other words, more beams, more steps
//   beam_tree -b 6 --groups 3 --diversity 2 -o tree.svg  diverse beams; the drawing alone
#include <CLI/CLI.hpp>

#include "support/common_options.hpp"
#include "support/model_path.hpp"
#include "support/page.hpp"
#include "support/report_error.hpp"
#include "support/search_tree.hpp"
#include "support/terminal.hpp"
#include "weft/weft.hpp"

namespace {

using B = weft::Cpu<>;

struct Settings {
  std::string model, prompt = "The best thing about the sea is", output = "beam_tree.html";
  weft::BeamOptions beam{.width = 4, .returned = 4};
  std::int64_t max_tokens = 12, pruned = 4;
  std::uint64_t seed = 1;
  int threads = 0;
};

const char* const page_style = R"css(
.frame{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem}
.controls{display:flex;align-items:center;gap:.8rem;font-size:.86rem;color:var(--muted);margin:.8rem 0}
input[type=range]{accent-color:var(--accent);width:min(20rem,50vw)}
.key{display:inline-flex;align-items:center;gap:.4rem;margin-right:1.2rem}.key i{width:1.6rem;border-top:3px solid}
.key i.pr{border-top:2px dashed var(--muted)}
#hover{min-height:1.6em;font-size:.9rem;color:var(--muted)}
table{border-collapse:collapse;width:100%;font-size:.93rem}td,th{text-align:left;vertical-align:top;padding:.35rem .9rem .35rem 0;border-bottom:1px solid var(--line)}
th{color:var(--muted);font-weight:500;font-size:.8rem}td.n{text-align:right;white-space:nowrap}
)css";
const char* const script =
    R"js(const nodes=[...document.querySelectorAll(".tree [data-n]")],by=new Map(),hover=document.getElementById("hover"),range=document.querySelector("input");
for(const n of nodes){if(!by.has(n.dataset.n))by.set(n.dataset.n,[]);by.get(n.dataset.n).push(n)}
const idle=hover.textContent;
document.querySelector(".tree").addEventListener("pointerover",e=>{nodes.forEach(n=>n.classList.remove("on"));const at=e.target.closest("[data-n]");
hover.textContent=at?by.get(at.dataset.n).at(-1).querySelector("title").textContent:idle;
for(let set=at&&by.get(at.dataset.n);set;set=by.get(set[0].dataset.p))set.forEach(n=>n.classList.add("on"))});
range.addEventListener("input",()=>{document.querySelector("output").textContent=range.value;nodes.forEach(n=>n.style.display=+n.dataset.step>+range.value?"none":"")});
)js";

std::string render(const Settings& s, const weft::Model<B>& model, example::SearchTree& tree,
                   const std::vector<weft::Result>& results) {
  std::size_t steps = 0, counts[3] = {};
  for (std::size_t i = 1; i < tree.nodes().size(); ++i) {
    steps = std::max(steps, tree.nodes()[i].step);
    ++counts[static_cast<int>(tree.nodes()[i].candidate.fate)];
  }
  std::string body = fmt::format(
      "<p class=eyebrow>Weft laboratory</p>\n<h1>How {} beams search</h1>\n<p class=lead>At each step the likeliest "
      "continuations of all branches "
      "are compared by the sum of their log-probs; those that the width has room for are kept, the others are pruned. "
      "Thick lines are likely tokens.</p>\n",
      s.beam.width);
  body += page::facts({{"model", std::filesystem::path(s.model).filename().string()},
                       {"prompt", s.prompt},
                       {"beams", s.beam.groups > 1 ? fmt::format("{} in {} groups, diversity {:g}", s.beam.width,
                                                                 s.beam.groups, s.beam.diversity)
                                                   : std::to_string(s.beam.width)},
                       {"length penalty", fmt::format("{:g}", s.beam.length_penalty)},
                       {"candidates looked at", std::to_string(tree.looked_at())},
                       {"kept", std::to_string(counts[1])},
                       {"finished", std::to_string(counts[2])}});
  body += fmt::format(
      "<p class=note><span class=key><i style=\"color:var(--c1)\"></i>the best text</span><span class=key><i "
      "style=\"color:var(--c0)\"></i>other results</span>"
      "<span class=key><i style=\"color:var(--muted)\"></i>kept, given up later</span><span class=key><i "
      "class=pr></i>pruned</span></p>\n"
      "<div class=controls><label for=step>step</label><input id=step type=range min=0 max={0} value={0}><output "
      "for=step>{0}</output></div>\n"
      "<p id=hover>Point at a token for its numbers and the way to it.</p>\n<div class=\"frame scroll\">\n",
      steps);
  body += example::draw(tree, model.tokenizer(), s.prompt, false);
  body +=
      "</div>\n<h2>What came out</h2>\n<div class=scroll><table><tr><th class=n>score</th><th class=n>log-prob</th><th "
      "class=n>tokens</th><th>text</th></tr>\n";
  for (const auto& r : results) {
    double sum = 0;
    for (const float p : r.raw_logprobs) sum += static_cast<double>(p);
    body += fmt::format(
        "<tr class=result><td class=n>{:.3f}</td><td class=n>{:.2f}</td><td class=n>{}</td><td><span "
        "class=prompt>{}</span>{}</td></tr>\n",
        r.score, sum, r.tokens.size(), page::escape(s.prompt), page::escape(r.text));
  }
  body +=
      "</table></div>\n<p class=note>Score: the sum of log-probs over length to the power of the length penalty, as in "
      "Wu et al. 2016 and in Hugging Face. Log-probs are natural logarithms.</p>\n";
  return page::render(fmt::format("How {} beams search", s.beam.width),
                      std::string(example::tree_style).append(page_style), body, script);
}

int run(Settings s) {
  const terminal::Interrupt interrupt;
  page::check_writable(s.output);
  if (s.model.empty()) s.model = example::default_model().string();
  const weft::Model<B> model(s.model, {.threads = s.threads, .cancel = interrupt.token()});
  example::SearchTree tree;
  terminal::Progress progress(true);
  s.beam.on_step = [&](const weft::BeamStep& step) {
    tree.add(step, s.pruned);
    progress.show("search", static_cast<double>(step.length) / static_cast<double>(s.max_tokens));
  };
  const auto results = weft::generate(model, s.prompt, weft::beam(s.beam),
                                      {.max_tokens = s.max_tokens, .seed = s.seed, .cancel = interrupt.token()});
  progress.clear();
  for (auto r = results.rbegin(); r != results.rend(); ++r) tree.mark(r->tokens, r + 1 == results.rend());
  for (const auto& r : results) {
    terminal::print(stdout, terminal::dim, "{:8.3f}  ", r.score);
    fmt::print("{}\n", r.text);
  }
  std::fflush(stdout);
  const bool svg = std::filesystem::path(s.output).extension() == ".svg";
  page::write(s.output, svg ? example::draw(tree, model.tokenizer(), s.prompt, true) : render(s, model, tree, results));
  page::say_where(s.output);
  return results.front().stop == weft::StopReason::cancelled ? 130 : 0;
}

}  // namespace

int main(int argc, char** argv) try {
  Settings s;
  CLI::App app{"Draws the tree of a beam search."};
  example::add_model_option(app, s.model);
  app.add_option("prompt,-p,--prompt", s.prompt, "text to continue")->capture_default_str();
  app.add_option("-o,--output", s.output, "the page, or the drawing alone where the name ends in .svg")
      ->capture_default_str();
  example::add_length_option(app, s.max_tokens);
  app.add_option("-b,--beams", s.beam.width, "branches")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--groups", s.beam.groups, "that search one after the other (diverse beams)")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--diversity", s.beam.diversity, "taken from a log-prob for each earlier group that chose the token")
      ->capture_default_str();
  app.add_option("--length-penalty", s.beam.length_penalty, "above 0 favours long texts")->capture_default_str();
  app.add_flag("--sampled", s.beam.sampled, "candidates are drawn instead of the best");
  example::add_seed_option(app, s.seed);
  app.add_option("--pruned", s.pruned, "pruned candidates drawn for each step of each group")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  example::add_threads_option(app, s.threads);
  CLI11_PARSE(app, argc, argv);
  s.beam.returned = s.beam.width;
  return run(s);
} catch (...) {
  return example::report_error();
}
