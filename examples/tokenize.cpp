// tokenize: what a tokenizer makes of a text: the tokens in colours, and for each its id, its bytes and its place in the text.
//
//     tokenize smollm2.gguf "Hello, world!"        tokenize folder/ --json < text.txt        (or tokenizer.json itself)
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iterator>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "support/report_error.hpp"
#include "support/shown.hpp"
#include "support/terminal.hpp"
#include "weft/text/open_tokenizer.hpp"

namespace {

void print_table(const weft::Tokenizer& tokenizer, const std::string& text, const weft::Encoding& encoding) {
  constexpr fmt::terminal_color colors[] = {fmt::terminal_color::blue, fmt::terminal_color::green, fmt::terminal_color::magenta, fmt::terminal_color::cyan};
  for (std::size_t i = 0; i < encoding.ids.size(); ++i)
    terminal::print(stdout, fmt::emphasis::reverse | fmt::fg(colors[i % std::size(colors)]), "{}", example::shown(tokenizer.bytes(encoding.ids[i])));
  fmt::print("\n");
  for (std::size_t i = 0; i < encoding.ids.size(); ++i) {
    const auto [begin, end] = encoding.offsets[i];
    fmt::print("{:>8}  {:>5}-{:<5}  {}\n", encoding.ids[i], begin, end, example::shown(tokenizer.bytes(encoding.ids[i])));
  }
  terminal::print(stdout, terminal::dim, "{} tokens for {} bytes\n", encoding.ids.size(), text.size());
}

void print_json(const weft::Tokenizer& tokenizer, const weft::Encoding& encoding) {
  nlohmann::json out;
  out["ids"] = encoding.ids;
  out["tokens"] = encoding.tokens;
  for (const auto& range : encoding.offsets) out["offsets"].push_back({range.begin, range.end});
  for (const weft::Token id : encoding.ids) {
    std::vector<int> bytes;
    for (const char c : tokenizer.bytes(id)) bytes.push_back(static_cast<unsigned char>(c));
    out["bytes"].push_back(bytes);
  }
  std::puts(out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());  // a token may be part of a character
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app("Shows what a tokenizer makes of a text (from standard input where none is given).");
  std::string path, text;
  weft::EncodeOptions options;
  bool json = false;
  app.add_option("tokenizer", path, "a GGUF file, a tokenizer.json, *.model or *.tiktoken, or a folder of Hugging Face")->required();
  app.add_option("text", text);
  app.add_flag("--control", options.control, "names of control tokens in the text stand for them");
  app.add_flag("--special", options.add_special, "with what the tokenizer puts around texts");
  app.add_flag("--json", json, "one line of JSON instead of a table");
  CLI11_PARSE(app, argc, argv);
  if (app.count("text") == 0) text.assign(std::istreambuf_iterator<char>(std::cin), {});

  const auto tokenizer = weft::open_tokenizer(path);
  const auto encoding = tokenizer.encoding(text, options);
  if (json)
    print_json(tokenizer, encoding);
  else
    print_table(tokenizer, text, encoding);
} catch (...) {
  return example::report_error();
}
