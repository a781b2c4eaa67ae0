// A page that needs nothing but itself: frame, colours and type for light and dark, and the pieces that the laboratory's pages share.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/error.hpp"
#include "weft/decode/result.hpp"
#include "weft/text/stream_decoder.hpp"

namespace page {

/// Text as it may stand in HTML, between tags or in a quoted attribute.
inline std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  return out;
}

/// JSON of text that came out of a model: what is no UTF-8 becomes U+FFFD.
inline std::string dump(const nlohmann::ordered_json& json, int indent = -1) {
  return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// JSON as it may stand in a script: no text can end it.
inline std::string dump_for_script(const nlohmann::ordered_json& json) {
  std::string out;
  for (const char c : dump(json)) out += c == '<' ? std::string("\\u003c") : std::string(1, c);
  return out;
}

/// The text that each token adds; a character of several tokens is the last one's.
inline std::vector<std::string> pieces(const weft::Tokenizer& tokenizer, std::span<const weft::Token> tokens) {
  weft::StreamDecoder decoder(tokenizer);
  std::vector<std::string> all;
  for (const weft::Token t : tokens)
    all.emplace_back(static_cast<std::size_t>(t) < tokenizer.size() ? decoder.push(t) : std::string_view());
  if (!all.empty()) all.back() += decoder.finish();
  return all;
}

/// A token alone, so that it can be told from others: white space is shown, control tokens by their names.
inline std::string visible(const weft::Tokenizer& tokenizer, weft::Token token) {
  if (static_cast<std::size_t>(token) >= tokenizer.size()) return fmt::format("#{}", token);
  std::string out;
  for (const char c : tokenizer.decode_with_control(std::span(&token, 1))) {
    if (c == ' ')
      out += "\u2423";
    else if (c == '\n')
      out += "\u23ce";
    else if (c == '\t')
      out += "\u21e5";
    else
      out += c;
  }
  return out;
}

/// UTF-8 of at most so many characters, with an ellipsis for the rest; and how many they are.
inline std::pair<std::string, std::size_t> shortened(const std::string& text, std::size_t most) {
  std::size_t characters = 0, end = 0;
  for (; end < text.size() && characters < most; ++characters) {
    do ++end;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80);
  }
  return end < text.size() ? std::pair(text.substr(0, end) + "\u2026", characters + 1) : std::pair(text, characters);
}

/// Surprise, -log2 p, in bits, and its place on the scale of eight tints.
inline double bits(float logprob) { return -static_cast<double>(logprob) / std::log(2.0); }
inline constexpr double tint_from[] = {0, 0.5, 1, 2, 3, 5, 7, 10};
inline int tint(float logprob) {
  int level = 0;
  while (level < 7 && bits(logprob) >= tint_from[level + 1]) ++level;
  return level;
}

/// A token in running text, tinted by its surprise; the space before a word is left as it is. `more`: further attributes.
inline std::string token(std::string_view piece, float raw_logprob, std::string_view more,
                         std::string_view classes = {}) {
  const auto spaces = piece.find_first_not_of(' ') == std::string_view::npos ? 0 : piece.find_first_not_of(' ');
  return fmt::format("{}<span class=\"t s{}{}\"{}>{}</span>", piece.substr(0, spaces), tint(raw_logprob), classes, more,
                     escape(piece.substr(spaces)));
}

/// A text, without the space that parts it from its prompt: tokens tinted by surprise. classes(i): further classes of token i.
template <class Classes>
std::string text(const weft::Tokenizer& tokenizer, const weft::Result& r, Classes classes) {
  auto all = pieces(tokenizer, r.tokens);
  std::string out;
  if (!all.empty() && all[0].size() > 1 && all[0][0] == ' ') all[0].erase(0, 1), out = "<i> </i>";
  for (std::size_t i = 0; i < r.tokens.size(); ++i)
    out += token(all[i], r.raw_logprobs[i], fmt::format(" title=\"{:.2f} bits\"", bits(r.raw_logprobs[i])), classes(i));
  return out;
}

/// What the tints mean.
inline std::string legend() {
  std::string out = "<p class=legend><span>surprise, bits</span>";
  for (int i = 0; i < 8; ++i)
    out += fmt::format("<span class=\"swatch s{}\">{:g}{}</span>", i, tint_from[i], i == 7 ? "+" : "");
  return out + "</p>\n";
}

/// Facts under the title: pairs of a name and a value.
inline std::string facts(const std::vector<std::pair<std::string, std::string>>& rows) {
  std::string out = "<dl class=facts>";
  for (const auto& [name, value] : rows)
    out += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", escape(name), escape(value));
  return out + "</dl>\n";
}

/// Text is at least 4.5 to 1 against what it stands on, in both schemes: tests/examples/pages_test.py computes it from these properties.
inline constexpr std::string_view style = R"css(
:root{color-scheme:light dark;--paper:#fbfaf6;--card:#ffffff;--ink:#1d1c1a;--muted:#5e5a53;--line:#e2ddd2;--bar:#c9dee8;--accent:#0f5c7d;--good:#1f6a3d;
--c0:#1f5fa8;--c1:#a3480f;--c2:#1f6a3d;--c3:#7a3a8c;
--s0:#fbfaf6;--s1:#fdf2dc;--s2:#fde6c0;--s3:#fcd7a3;--s4:#f9c186;--s5:#f4a76f;--s6:#ec8c61;--s7:#e2735a}
@media (prefers-color-scheme:dark){:root{--paper:#15161a;--card:#1c1e23;--ink:#ece9e3;--muted:#a8a49c;--line:#33353c;--bar:#2a4452;--accent:#7cc0e0;--good:#7fcb98;
--c0:#84b6f2;--c1:#f0a26e;--c2:#7fcb98;--c3:#d3a0e4;
--s0:#15161a;--s1:#29231c;--s2:#3a2b1b;--s3:#4c331b;--s4:#5f3a1c;--s5:#74401f;--s6:#894424;--s7:#9c452b}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif;
font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}
main{max-width:78rem;margin:0 auto;padding:clamp(1.2rem,4vw,3.2rem) clamp(1rem,4vw,2.5rem)}
h1,h2,.prose{font-family:"Iowan Old Style","Palatino Linotype",Palatino,"Book Antiqua",Georgia,"DejaVu Serif",serif}
h1{font-weight:600;font-size:clamp(1.7rem,4vw,2.5rem);line-height:1.15;letter-spacing:-.012em;margin:.15rem 0 .7rem}
h2{font-weight:600;font-size:1.35rem;margin:3rem 0 .4rem}
.eyebrow{color:var(--accent);font-size:.78rem;font-weight:600;letter-spacing:.13em;text-transform:uppercase;margin:0}
.lead,.note{color:var(--muted);max-width:48rem;margin:.2rem 0 1rem}
.note{font-size:.86rem}
.facts{display:flex;flex-wrap:wrap;gap:.5rem 2.2rem;margin:1.2rem 0;padding:.9rem 0;border-block:1px solid var(--line)}
.facts dt{color:var(--muted);font-size:.76rem}
.facts dd{margin:0;overflow-wrap:anywhere}
.prose{font-size:1.08rem;line-height:1.75;white-space:pre-wrap;overflow-wrap:anywhere}
.prompt{color:var(--muted)}
.t{border-radius:.2em;padding:.12em .08em;margin:0 -.08em}
.s0{background:var(--s0)}.s1{background:var(--s1)}.s2{background:var(--s2)}.s3{background:var(--s3)}
.s4{background:var(--s4)}.s5{background:var(--s5)}.s6{background:var(--s6)}.s7{background:var(--s7)}
.legend{display:flex;flex-wrap:wrap;align-items:center;gap:2px;font-size:.78rem;color:var(--muted);margin:.6rem 0}
.legend>span:first-child{margin-right:.6rem}
.swatch{color:var(--ink);min-width:2.4rem;text-align:center;padding:.05rem .3rem}
.swatch:nth-child(2){outline:1px solid var(--line);outline-offset:-1px}
.scroll{overflow-x:auto}
figure{margin:0}
figcaption{color:var(--muted);font-size:.86rem;margin:.3rem 0 .6rem}
svg{display:block;font:12px ui-sans-serif,system-ui,"Segoe UI","Liberation Sans",sans-serif}
svg text{fill:var(--ink)}
svg .q{fill:var(--muted)}
svg .axis{stroke:var(--muted)}
svg .grid{stroke:var(--line)}
footer{margin-top:3.5rem;padding-top:.9rem;border-top:1px solid var(--line);color:var(--muted);font-size:.82rem;overflow-wrap:anywhere}
code{font:.88em ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace}
)css";

/// Of pages with a table of measures and texts side by side.
inline constexpr std::string_view table_and_cards = R"css(
.dot{display:inline-block;width:.62em;height:.62em;border-radius:50%;background:var(--c);margin-right:.5em}
.measures{border-collapse:collapse;width:100%;font-size:.9rem}
.measures th{text-align:left;font-weight:500}.measures thead th{color:var(--muted);font-size:.8rem;border-bottom:1px solid var(--muted);padding:.3rem .5rem;white-space:nowrap}
.measures tbody th{position:sticky;left:0;background:var(--paper);padding:.35rem .9rem .35rem 0;white-space:nowrap}
.measures small{display:block;color:var(--muted);font-weight:400;font-size:.76rem;padding-left:1.1rem;max-width:17rem;overflow:hidden;text-overflow:ellipsis}
.measures td{padding:.35rem .5rem}.measures tr>*{border-bottom:1px solid var(--line)}
.n{text-align:right !important}.top{font-weight:700}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr));gap:1rem}
article{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.8rem 1rem}
article h4{margin:0 0 .4rem;font-size:.86rem;display:flex;align-items:center}article h4 span{margin-left:auto;color:var(--muted);font-weight:400}
article .prose>i:first-child{display:none}article .prose{font-size:.98rem;line-height:1.65}article .s0{background:none}
h3.prose{font-size:1.1rem;font-weight:400;font-style:italic;margin:1.8rem 0 .8rem}
)css";
/// Of a page with plots.
inline constexpr std::string_view plots = R"css(
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr));gap:1.6rem}
figure{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.9rem 1rem}
figcaption{font-weight:600;color:var(--ink)}
.scatter{max-width:100%;height:auto;min-width:27rem}
.front{fill:none;stroke:var(--muted);stroke-dasharray:4 4}
.point circle{fill:var(--card);stroke:var(--c);stroke-width:2}.point text{paint-order:stroke;stroke:var(--card);stroke-width:3px;stroke-linejoin:round}
.point.best circle{fill:var(--c)}.point.best text{font-weight:600}
.key{display:flex;flex-wrap:wrap;gap:.3rem 1.4rem;color:var(--muted);font-size:.86rem}
)css";

/// The whole page. body, more_style and script are put in as they are; title is text.
inline std::string render(std::string_view title, std::string_view more_style, std::string_view body,
                          std::string_view script = {}) {
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n<meta name=viewport "
      "content=\"width=device-width, initial-scale=1\">\n"
      "<link rel=icon href=\"data:,\">\n<title>{}</title>\n<style>",
      escape(title));
  out.append(style).append(more_style).append("</style>\n</head>\n<body>\n<main>\n").append(body).append("</main>\n");
  if (!script.empty()) out.append("<script>\n").append(script).append("</script>\n");
  return out + "</body>\n</html>\n";
}

/// Throws Error(file) where the file cannot be written; called before the work, so that none is done in vain.
inline void check_writable(const std::filesystem::path& path) {
  const bool there = std::filesystem::exists(path);
  if (!std::ofstream(path, std::ios::app))
    weft::fail(weft::ErrorKind::file, path.string(), ": cannot be written; -o names another place");
  if (!there) std::filesystem::remove(path);
}
inline void write(const std::filesystem::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) weft::fail(weft::ErrorKind::file, path.string(), ": cannot be written");
}
/// The closing line: where the page is, and how it is opened.
inline void say_where(const std::filesystem::path& path) {
#ifdef __APPLE__
  const char* const open = "open";
#else
  const char* const open = "xdg-open";
#endif
  fmt::print(stderr, "\nwrote {} ({} kB). To see it:  {} '{}'\n", path.string(),
             (std::filesystem::file_size(path) + 999) / 1000, open, path.string());
}

}  // namespace page
