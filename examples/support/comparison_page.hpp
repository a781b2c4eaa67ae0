// The page of examples/strategies: plots, a table, and the texts side by side.
#pragma once

#include <set>
#include <string>

#include "support/comparison.hpp"
#include "support/page.hpp"
#include "support/scatter.hpp"

namespace example::comparison_page {

inline std::string table(const std::vector<Compared>& all) {
  std::string out = "<div class=scroll><table class=measures><thead><tr><th>strategy</th>";
  for (const auto& c : columns)
    out += fmt::format("<th class=n title=\"{}\">{}{}</th>", c.what, c.name, c.better > 0 ? " \u2191" : " \u2193");
  out += "</tr></thead>\n<tbody>\n";
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& s = all[i].strategy;
    out += fmt::format("<tr data-s={}><th><i class=dot style=\"--c:var(--c{})\"></i>{}<small>{}</small></th>", i,
                       s.family(), page::escape(s.name), page::escape(s.spec));
    for (const auto& c : columns) {
      double greatest = 1e-9;
      for (const auto& other : all) greatest = std::max(greatest, std::abs(c.of(other.measures)));
      const double value = c.of(all[i].measures);
      out += fmt::format("<td class=\"n{}\" data-v=\"{:.6g}\" style=\"--f:{:.0f}%\">{}</td>",
                         is_best(c, all[i].measures, all) ? " top" : "", value, 100 * std::abs(value) / greatest,
                         shown(c, all[i].measures));
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

/// A text; a token that completes four in a row which it had before is underlined.
inline std::string text(const weft::Tokenizer& tokenizer, const weft::Result& r) {
  std::set<std::vector<weft::Token>> seen;
  return page::text(tokenizer, r, [&](std::size_t i) {
    const auto here = r.tokens.begin() + static_cast<std::ptrdiff_t>(i);
    return i >= 3 && !seen.insert({here - 3, here + 1}).second ? " again" : "";
  });
}

inline std::string texts(const Comparison& comparison, const weft::Tokenizer& tokenizer) {
  const auto& all = comparison.strategies;
  std::string out =
      "<h2>The texts</h2>\n<p class=note>The first text of each strategy; all are in the JSON file. Underlined: four "
      "tokens that the text had before in the same order.</p>\n" +
      page::legend();
  for (std::size_t p = 0; p < comparison.prompts.size(); ++p) {
    out += "<section><h3 class=prose>" + page::escape(comparison.prompts[p]) + " \u2026</h3>\n<div class=cards>\n";
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto run =
          std::find_if(all[i].runs.begin(), all[i].runs.end(), [&](const Run& r) { return r.prompt == p; });
      if (run == all[i].runs.end()) continue;
      const auto& r = run->text();
      double sum = 0;
      for (const float x : r.raw_logprobs) sum += static_cast<double>(x);
      out += fmt::format(
          "<article data-s={}><h4><i class=dot style=\"--c:var(--c{})\"></i>{}<span>ppl {:.2f}</span></h4><div "
          "class=prose>{}</div></article>\n",
          i, all[i].strategy.family(), page::escape(all[i].strategy.name),
          std::exp(-sum / static_cast<double>(r.tokens.size())), text(tokenizer, r));
    }
    out += "</div></section>\n";
  }
  return out;
}

inline std::string plots(const std::vector<Compared>& all) {
  std::vector<page::Point> variety, speed;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& [strategy, runs, m] = all[i];
    variety.push_back({m.logprob, m.distinct[1], strategy.name,
                       fmt::format("{}: log-prob {:.3f}, distinct-2 {:.3f}", strategy.name, m.logprob, m.distinct[1]),
                       i, strategy.family()});
    speed.push_back({m.tps, m.logprob, strategy.name,
                     fmt::format("{}: {:.1f} tokens/s, log-prob {:.3f}", strategy.name, m.tps, m.logprob), i,
                     strategy.family()});
  }
  std::string out = "<p class=key>";
  for (std::size_t f = 0; f < family_names.size(); ++f)
    out += fmt::format("<span><i class=dot style=\"--c:var(--c{})\"></i>{}</span>", f, family_names[f]);
  return out +
         "<span>full: on the Pareto front</span></p>\n<div class=plots>\n<figure><figcaption>Likely or "
         "varied</figcaption><div class=scroll>" +
         page::Scatter(variety, "mean log-prob of a token, nats", "distinct-2").svg() +
         "</div></figure>\n<figure><figcaption>Fast or likely</figcaption><div class=scroll>" +
         page::Scatter(speed, "tokens per second", "mean log-prob of a token, nats").svg() +
         "</div></figure>\n</div>\n";
}

inline constexpr std::string_view style = R"css(
.dim [data-s]{opacity:.25}.dim [data-s].on{opacity:1}[data-s]{transition:opacity .15s}
.measures thead th{cursor:pointer}
.measures td{min-width:4.6rem;background:linear-gradient(90deg,var(--bar) var(--f),transparent var(--f)) no-repeat .5rem calc(100% - 2px)/calc(100% - .5rem) 4px}
.again{text-decoration:underline 2px;text-underline-offset:3px}
)css";
inline constexpr std::string_view script =
    R"js(const all=[...document.querySelectorAll("[data-s]")],main=document.querySelector("main");
document.addEventListener("pointerover",e=>{const at=e.target.closest(".point,tr[data-s]");main.classList.toggle("dim",Boolean(at));
all.forEach(x=>x.classList.toggle("on",Boolean(at)&&x.dataset.s===at.dataset.s))});
document.querySelectorAll("thead th").forEach((th,i)=>{let up=false;th.addEventListener("click",()=>{up=!up;const body=document.querySelector("tbody"),
key=r=>i?+r.children[i].dataset.v:-r.dataset.s;body.append(...[...body.rows].sort((a,b)=>up?key(b)-key(a):key(a)-key(b)))})});
)js";

/// The page.
inline std::string render(const Comparison& c, const weft::Tokenizer& tokenizer) {
  const auto& all = c.strategies;
  std::string body =
      "<p class=eyebrow>Weft laboratory</p>\n<h1>Ways to decode</h1>\n<p class=lead>One model, the same prompts, "
      "different strategies: what each costs, how likely the model finds "
      "the texts, and how varied they are.</p>\n";
  body += page::facts(
      {{"model", c.model},
       {"backend", fmt::format("{}, {} threads", c.backend, c.threads)},
       {"strategies", std::to_string(all.size())},
       {"prompts", std::to_string(c.prompts.size())},
       {"tokens a text", fmt::format("up to {}", c.max_tokens)},
       {"seeds of what is drawn", fmt::format("{} to {}", c.seed, c.seed + static_cast<std::uint64_t>(c.seeds) - 1)}});
  body += plots(all) +
          "<h2>The figures</h2>\n<p class=note>Point at a row to find it above; a click on a column's name sorts by "
          "it. Bold: the best of its column.</p>\n" +
          table(all);
  body += texts(c, tokenizer);
  body +=
      "<h2>What is measured</h2>\n<p class=note>Everything is counted in the model's tokens. Of a search with several "
      "results, all figures but self-BLEU are those of the best. Log-probs are natural "
      "logarithms under the model alone, whatever steps chose the token. Forward tokens: all that the strategy ran "
      "through the model after the prompt, also what it gave up; those of a draft model are not among them. distinct-n: different n-grams "
      "over n-grams of a text, mean over texts (Li et al. 2016, arXiv:1510.03055). self-BLEU: BLEU-4 of each text of a "
      "prompt with its other texts as references (Zhu et al. 2018, arXiv:1802.01886), an order without "
      "a match counted as 0.1 matches (Chen and Cherry 2014, method 1), mean over prompts; what draws has a text for "
      "each seed, a beam its best, and what always writes the same text has 1. seq-rep-4 and "
      "rep/l: Welleck et al. 2020, arXiv:1908.04319.</p>\n";
  return page::render("Ways to decode", fmt::format("{}{}{}", page::plots, page::table_and_cards, style), body, script);
}

}  // namespace example::comparison_page
