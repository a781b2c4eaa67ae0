// heatmap: a text whose tokens are tinted by how much they surprised the model, and for each what else it thought of.
//
//   heatmap                                        a story by the default model, drawn with a chain of steps
//   heatmap -p "Dear diary" -t 1.2 --min-p 0.1      what the steps do is seen token by token: top 10 before and after them
//   heatmap --read letter.txt                      no new text: how surprising is this one?
#include <CLI/CLI.hpp>

#include "support/common_options.hpp"
#include "support/model_path.hpp"
#include "support/page.hpp"
#include "support/report_error.hpp"
#include "support/terminal.hpp"
#include "support/text_file.hpp"
#include "weft/weft.hpp"

namespace {

using B = weft::Cpu<>;

struct Settings {
  std::string model, prompt = "Once upon a time, in a small village by the sea, there lived", read,
                     output = "heatmap.html";
  weft::SamplingParameters sampling;
  std::int64_t max_tokens = 160, alternatives = 10;
  std::uint64_t seed = 1;
  int threads = 0;
};

/// Takes the tokens of a text that is there already, as if they had been drawn.
struct Follow : weft::Composable {
  std::vector<weft::Token> text;  // from its first token on

  weft::Choice operator()(std::span<const float> logits, const weft::StepContext& context) const {
    const weft::Token next = text[context.position()];
    return {next, weft::normaliser(logits).of(logits[static_cast<std::size_t>(next)])};
  }
  template <weft::LogitsStep Steps>
  [[nodiscard]] auto after(Steps steps) const {
    return weft::Sampler<Steps, Follow>(std::move(steps), *this);
  }
};

struct Reading {
  std::string prompt;
  weft::Result result;
};

template <class Chain>
weft::Result run(const weft::Model<B>& model, std::span<const weft::Token> prompt, const Chain& chain,
                 weft::Options options) {
  terminal::Progress progress(true);
  double written = 0;
  options.on_piece = [&](const weft::Piece&) {
    progress.show("read", ++written / static_cast<double>(options.max_tokens));
  };
  return weft::generate(model, prompt, chain, options).front();
}

Reading read_or_write(const Settings& s, const weft::Model<B>& model, std::stop_token cancel) {
  const auto& tokenizer = model.tokenizer();
  weft::Options options{
      .max_tokens = s.max_tokens, .seed = s.seed, .cancel = std::move(cancel), .logprobs = s.alternatives};
  if (s.read.empty())
    return {s.prompt, run(model, tokenizer.encode_prompt(s.prompt), weft::chain_from(s.sampling), options)};

  Follow follow;
  follow.text = tokenizer.encode_prompt(example::read_text(s.read));
  if (follow.text.size() < 2)
    weft::fail(weft::ErrorKind::argument, s.read, ": a text of two tokens at least is needed");
  // nothing can be said about the first token: no text stands before it
  const auto first = std::span<const weft::Token>(follow.text).first(1);
  options.max_tokens = std::min<std::int64_t>(s.max_tokens, std::ssize(follow.text) - 1);
  options.ignore_end_tokens = true;
  return {tokenizer.decode(first),
          run(model, first, weft::Sampler<weft::RuntimeSteps, Follow>(weft::steps_from(s.sampling), follow), options)};
}

/// Place of a token among the alternatives, from 1; 0: it is none of them.
std::size_t rank_of(weft::Token token, std::span<const weft::Alternative> top) {
  for (std::size_t i = 0; i < top.size(); ++i)
    if (top[i].token == token) return i + 1;
  return 0;
}

nlohmann::ordered_json data_of(const weft::Tokenizer& tokenizer, const weft::Result& r) {
  const auto listed = [&](std::span<const weft::Alternative> top) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& [token, logprob] : top)
      if (std::isfinite(logprob))
        list.push_back({page::visible(tokenizer, token), std::exp(static_cast<double>(logprob)), token});
    return list;
  };
  auto all = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < r.tokens.size(); ++i)
    all.push_back({{"id", r.tokens[i]},
                   {"token", page::visible(tokenizer, r.tokens[i])},
                   {"bits", page::bits(r.raw_logprobs[i])},
                   {"before", std::exp(static_cast<double>(r.raw_logprobs[i]))},
                   {"after", std::exp(static_cast<double>(r.logprobs[i]))},
                   {"rank", rank_of(r.tokens[i], r.top_raw_at(i))},
                   {"top_before", listed(r.top_raw_at(i))},
                   {"top_after", listed(r.top_at(i))}});
  return all;
}

/// One bar a token, in bits.
std::string chart(const weft::Result& r) {
  const double wide = std::clamp(1080 / static_cast<double>(r.tokens.size() + 1), 6.0, 14.0), high = 120, left = 44,
               top = 12;
  double most = 4;
  for (const float p : r.raw_logprobs) most = std::max(most, std::min(page::bits(p), 24.0));
  const double width = left + wide * static_cast<double>(r.tokens.size()) + 12;
  const auto y = [&](double bits) { return top + high * (1 - std::min(bits, most) / most); };
  std::string svg = fmt::format(
      "<div class=scroll><svg class=bars width=\"{0:.0f}\" height=\"178\" viewBox=\"0 0 {0:.0f} 178\" role=img "
      "aria-label=\"surprise of each token, in bits\">",
      std::max(width, 220.0));
  for (int b = 0; b <= static_cast<int>(most); b += most > 12 ? 4 : 2)
    svg +=
        fmt::format("<path class=grid d=\"M{} {:.1f}H{:.0f}\"/><text class=q x={} y={:.1f} text-anchor=end>{}</text>",
                    left, y(b), width - 8, left - 7, y(b) + 4, b);
  for (std::size_t i = 0; i < r.tokens.size(); ++i) {
    const double b = page::bits(r.raw_logprobs[i]);
    svg += fmt::format("<rect class=b data-i={} x={:.1f} y={:.1f} width={:.1f} height={:.1f} />", i,
                       left + wide * static_cast<double>(i), y(b) - 1, wide - 1, top + high - y(b) + 1);
    if (i % 20 == 0)
      svg += fmt::format("<text class=q x={:.1f} y={} text-anchor=middle>{}</text>",
                         left + wide * (static_cast<double>(i) + 0.5), top + high + 17, i + 1);
  }
  return svg + fmt::format(
                   "<path class=axis d=\"M{0} {1}H{2:.0f}\"/><text class=q x={0} y={3}>token</text><text class=q x=12 "
                   "y={4} transform=\"rotate(-90 12 {4})\" text-anchor=middle>bits</text></svg></div>\n",
                   left, top + high, width - 8, top + high + 36, top + high / 2);
}

const char* const style = R"css(
.two{display:grid;grid-template-columns:minmax(0,1fr) 25rem;gap:2.5rem;align-items:start}
.t{cursor:default}.t:hover,.t:focus,.t.on{outline:2px solid var(--accent);outline-offset:1px}
aside{position:sticky;top:1rem;background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem 1.2rem;font-size:.86rem}
aside h3{margin:0;font:600 1.25rem ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
aside .q{color:var(--muted);margin:.2rem 0 .8rem}
aside .cols{display:grid;grid-template-columns:1fr 1fr;gap:1.1rem}
aside h4{margin:0 0 .3rem;font-size:.8rem;font-weight:600;color:var(--muted)}
.alt{display:flex;align-items:center;justify-content:space-between;gap:.5rem;padding:.1rem .35rem;margin-bottom:1px;border-radius:.2rem;line-height:1.45;
background:linear-gradient(90deg,var(--bar) var(--f),transparent var(--f))}
.alt code{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.alt.me{outline:1.5px solid var(--accent)}
.alt span{color:var(--ink)}
.b{fill:var(--s7)}.b.on{fill:var(--accent)}
@media (max-width:62rem){.two{grid-template-columns:1fr}aside .alt:nth-child(n+8){display:none}aside{top:auto;bottom:.5rem;z-index:1;box-shadow:0 2px 18px #0005}}
)css";

const char* const script =
    R"js(const data=JSON.parse(document.getElementById("data").textContent),aside=document.querySelector("aside");
const el=(tag,text,cls)=>{const e=document.createElement(tag);if(text!==undefined)e.textContent=text;if(cls)e.className=cls;return e};
const percent=p=>p>=.9995?"100 %":p>=.1?(100*p).toFixed(0)+" %":p>=.001?(100*p).toFixed(1)+" %":p>0?"< 0.1 %":"0 %";
function list(title,top,id){const d=el("div");d.append(el("h4",title));
for(const[text,p,token]of top){const r=el("div",undefined,"alt"+(token===id?" me":""));r.style.setProperty("--f",100*p+"%");r.append(el("code",text),el("span",percent(p)));d.append(r)}return d}
function show(i){const d=data[i];if(!d)return;document.querySelectorAll(".on").forEach(e=>e.classList.remove("on"));
document.querySelectorAll('[data-i="'+i+'"]').forEach(e=>e.classList.add("on"));
const cols=el("div",undefined,"cols");cols.append(list("before the chain",d.top_before,d.id),list("after the chain",d.top_after,d.id));
aside.replaceChildren(el("h3",d.token),el("p","token "+(+i+1)+", id "+d.id+": "+d.bits.toFixed(2)+" bits, "+(d.rank?"choice "+d.rank:"beyond the choices listed")+", "+percent(d.before)+" before, "+percent(d.after)+" after","q"),cols)}
let pinned=false;const at=e=>e.target.closest("[data-i]");
for(const name of["pointerover","focusin"])document.addEventListener(name,e=>{const t=at(e);if(t&&!pinned)show(t.dataset.i)});
document.addEventListener("click",e=>{const t=at(e);pinned=Boolean(t);if(t)show(t.dataset.i)});
document.addEventListener("keydown",e=>{if(e.key==="Escape")pinned=false});
let most=0;data.forEach((d,i)=>{if(d.bits>data[most].bits)most=i});show(most);
)js";

std::string render(const Settings& s, const weft::Model<B>& model, const Reading& reading) {
  const auto& r = reading.result;
  const auto pieces = page::pieces(model.tokenizer(), r.tokens);
  double first = 0, after = 0;
  for (std::size_t i = 0; i < r.tokens.size(); ++i) {
    first += rank_of(r.tokens[i], r.top_raw_at(i)) == 1;
    after += static_cast<double>(r.logprobs[i]);
  }
  const auto n = static_cast<double>(std::max<std::size_t>(r.tokens.size(), 1));
  std::string body =
      "<p class=eyebrow>Weft laboratory</p>\n<h1>What surprised the model</h1>\n<p class=lead>Each token is tinted by "
      "its surprise, "
      "\u2212log\u2082 p under the model alone. Point at one to see what else might have stood there, before the chain "
      "of steps and after it; a click holds it.</p>\n";
  body += page::facts(
      {{"model", std::filesystem::path(s.model).filename().string()},
       {"tokens", std::to_string(r.tokens.size())},
       {"perplexity", fmt::format("{:.2f}", std::exp(-r.score / n))},
       {"bits a token", fmt::format("{:.2f}", -r.score / n / std::log(2.0))},
       {"bits a token after the chain",
        std::isfinite(after) ? fmt::format("{:.2f}", -after / n / std::log(2.0)) : "infinite: some are excluded"},
       {"model's first choice", fmt::format("{:.0f} %", 100 * first / n)},
       {"stopped by", std::string(weft::name(r.stop))}});
  body += chart(r) + page::legend() + "<div class=two>\n<div class=prose><span class=prompt>" +
          page::escape(reading.prompt) + "</span>";
  for (std::size_t i = 0; i < r.tokens.size(); ++i)
    body += page::token(pieces[i], r.raw_logprobs[i],
                        fmt::format(" data-i={} tabindex=0 title=\"{} bits\"", i,
                                    fmt::format("{:.2f}", page::bits(r.raw_logprobs[i]))));
  body += "</div>\n<aside aria-live=polite></aside>\n</div>\n<script type=\"application/json\" id=data>" +
          page::dump_for_script(data_of(model.tokenizer(), r)) + "</script>\n";
  return page::render("What surprised the model", style, body, script);
}

/// The text on the terminal, tinted where it has colours.
void print(const weft::Tokenizer& tokenizer, const Reading& reading) {
  constexpr fmt::rgb tints[] = {0x000000, 0x2a2118, 0x3a2a18, 0x4d3218, 0x63391a, 0x7a3f1e, 0x8f4322, 0xa34528};
  terminal::print(stdout, terminal::dim, "{}", reading.prompt);
  const auto pieces = page::pieces(tokenizer, reading.result.tokens);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const int tint = page::tint(reading.result.raw_logprobs[i]);
    terminal::print(stdout, tint > 0 ? fmt::bg(tints[tint]) | fmt::fg(fmt::rgb(0xece9e3)) : fmt::text_style(), "{}",
                    pieces[i]);
  }
  fmt::print("\n");
}

int run(Settings s) {
  const terminal::Interrupt interrupt;
  page::check_writable(s.output);
  if (s.model.empty()) s.model = example::default_model().string();
  const weft::Model<B> model(s.model, {.threads = s.threads, .cancel = interrupt.token()});
  const auto reading = read_or_write(s, model, interrupt.token());
  print(model.tokenizer(), reading);
  std::fflush(stdout);
  page::write(s.output, render(s, model, reading));
  page::say_where(s.output);
  return reading.result.stop == weft::StopReason::cancelled ? 130 : 0;
}

}  // namespace

int main(int argc, char** argv) try {
  Settings s;
  s.sampling.temperature = 0.9f, s.sampling.top_p = 0.9f;
  CLI::App app{"Writes a page that shows how much each token of a text surprised the model."};
  example::add_model_option(app, s.model);
  auto* prompt =
      app.add_option("prompt,-p,--prompt", s.prompt, "text to continue (a story's first words when there is none)");
  app.add_option("-r,--read", s.read, "look at the text of a file, or of standard input with -, instead of writing one")
      ->excludes(prompt);
  app.add_option("-o,--output", s.output, "the page")->capture_default_str();
  app.add_option("-n,--max-tokens", s.max_tokens, "tokens at most")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--top", s.alternatives, "alternatives listed for each token")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("-t,--temperature", s.sampling.temperature, "0 is greedy")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--top-k", s.sampling.top_k, "only the k most likely tokens")->capture_default_str();
  app.add_option("--top-p", s.sampling.top_p, "only the smallest set of this probability")->capture_default_str();
  app.add_option("--min-p", s.sampling.min_p, "only tokens this likely, relative to the best")->capture_default_str();
  app.add_option("--repetition-penalty", s.sampling.repetition_penalty, "above 1 avoids tokens that occurred")
      ->capture_default_str();
  example::add_seed_option(app, s.seed);
  example::add_threads_option(app, s.threads);
  CLI11_PARSE(app, argc, argv);
  return run(s);
} catch (...) {
  return example::report_error();
}
