// tokenizer: MB/s from text to tokens and back, the time to load a vocabulary, and texts that are slow elsewhere.
//
//   tokenizer vocab.gguf folder/tokenizer.json --text english=book.txt --text code=main.cpp
//   tokenizer model.gguf --chat        the model's chat template over ten messages
//   tokenizer vocab.gguf --hard        texts that are slow elsewhere
//
// The limit is what reading costs: one pass over the text by a table of 8 bits (the pre-tokeniser's automaton) and one look-up in a
// hash table for each word. tokenizer.py runs it beside PyPI's `tokenizers` and llama.cpp on the same texts.
#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "benchmarks/support/report.hpp"
#include "weft/core/clock.hpp"
#include "weft/core/utf8.hpp"
#include "weft/io/gguf.hpp"
#include "weft/text/chat_template.hpp"
#include "weft/text/chat_template_source.hpp"
#include "weft/text/gguf_vocabulary.hpp"
#include "weft/text/open_tokenizer.hpp"

namespace {

struct Settings {
  std::vector<std::string> tokenizers, texts;
  std::string format = "md";
  int rounds = 5;
  bool hard = false, chat = false;
};

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Seconds of each call.
template <class Work>
std::vector<double> time_of(int rounds, const Work& work) {
  std::vector<double> seconds;
  for (int i = 0; i < rounds; ++i) {
    const double begin = weft::seconds_now();
    work();
    seconds.push_back(weft::seconds_now() - begin);
  }
  return seconds;
}

std::string repeated(std::string_view unit, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text.append(unit);
  return text;
}

/// Parts of some kilobytes that end with a line, as the texts of a batch.
std::vector<std::string_view> cut_lines(std::string_view text) {
  constexpr std::size_t size = 4096;
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n', size), text.size() - 1) + 1;
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return parts;
}

/// Words that are one run of the same kind: quadratic where a merge scans the word again and again.
std::vector<std::pair<std::string, std::string>> hard_texts(std::size_t bytes) {
  std::string random, syllables;
  std::mt19937 dice(1);
  while (random.size() < bytes) random.push_back(static_cast<char>('a' + dice() % 26));
  while (syllables.size() < bytes) weft::append_utf8(syllables, static_cast<char32_t>(0x4E00 + dice() % 20000));
  return {{"one letter", std::string(bytes, 'a')},  {"spaces", std::string(bytes, ' ')}, {"line ends", std::string(bytes, '\n')},
          {"one Chinese sign", repeated("\u4E2D", bytes)}, {"Chinese", syllables},           {"accents", repeated("\u0301", bytes)},
          {"random letters", random},               {"punctuation", repeated("!?", bytes)},  {"broken UTF-8", std::string(bytes, '\xFF')}};
}

/// Gives freed memory back to the system, so that what is timed next pays for its pages as in a new process. glibc by itself keeps what a text
/// of 1 MiB needed and gives back what one of 2 MiB needed: only the longer one would pay each time, and the ratio would tell of that.
void give_memory_back() {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

void measure_hard(const Settings& s, const std::string& name, const weft::Tokenizer& tokenizer, std::vector<report::Row>& rows) {
  constexpr std::size_t size = std::size_t{1} << 20;
  const auto once = hard_texts(size), twice = hard_texts(2 * size);
  for (std::size_t i = 0; i < once.size(); ++i) {
    std::vector<double> n, n2;
    for (int round = 0; round < s.rounds; ++round) {
      for (const auto& [text, times] : {std::pair(&once[i].second, &n), std::pair(&twice[i].second, &n2)}) {
        give_memory_back();
        times->push_back(time_of(1, [&, text = text] { (void)tokenizer.encode(*text); }).front());
      }
    }
    // What else the machine does only adds to a time: of few samples the least ones compare best.
    rows.push_back({{"tokenizer", name}, {"1 MiB of", once[i].first}, {"s", report::median(n)},
                    {"time(2n)/time(n)", std::ranges::min(n2) / std::ranges::min(n)}, {"samples_s", n}});
  }
}

void measure_chat(const Settings& s, const std::string& path, std::vector<report::Row>& rows) {
  const auto file = weft::Gguf::open(path);
  const auto templates = weft::read_chat_templates(file);
  if (templates.empty()) throw std::runtime_error(path + ": the file has no chat template");
  weft::Conversation messages{{.role = "system", .content = "You are a helpful assistant."}};
  while (messages.size() < 10) {
    const bool user = messages.size() % 2 != 0;
    messages.push_back({.role = user ? "user" : "assistant", .content = repeated("What is said in turn number " + std::to_string(messages.size()) + "? ", 120)});
  }
  std::vector<double> parse, render, encode;
  const weft::Tokenizer tokenizer(weft::read_vocabulary(file));
  const weft::ChatTemplate chat(templates.front().source);
  constexpr int calls = 200;  // a sample is the mean of so many
  for (int i = 0; i < s.rounds; ++i) {
    const auto mean = [](const auto& work) {
      const auto all = time_of(1, [&] {
        for (int call = 0; call < calls; ++call) work();
      });
      return 1e6 * all.front() / calls;
    };
    weft::RenderedChat text;
    parse.push_back(mean([&] { (void)weft::ChatTemplate(templates.front().source); }));
    render.push_back(mean([&] { text = chat.render(messages, {.add_generation_prompt = true}); }));
    encode.push_back(mean([&] { (void)weft::encode(tokenizer, text); }));
  }
  rows.push_back({{"model", path.substr(path.rfind('/') + 1)}, {"messages", messages.size()}, {"parse us", report::median(parse)}, {"render us", report::median(render)},
                  {"encode us", report::median(encode)}, {"samples_us", render}});
}

void measure(const Settings& s, const std::string& path, std::vector<report::Row>& rows) {
  const auto load = time_of(s.rounds, [&] { weft::open_tokenizer(path); });
  const weft::Tokenizer tokenizer = weft::open_tokenizer(path);
  const std::string name = path.substr(path.rfind('/') + 1) == "tokenizer.json" ? path.substr(0, path.rfind('/')) : path;
  const std::string short_name = name.substr(name.rfind('/') + 1);
  if (s.hard) return measure_hard(s, short_name, tokenizer, rows);
  for (const auto& text : s.texts) {
    const std::size_t equals = text.find('=');
    const std::string content = read_text(text.substr(equals + 1));
    const double megabytes = static_cast<double>(content.size()) / 1e6;
    std::vector<weft::Token> tokens;
    const auto encode = time_of(s.rounds, [&] { tokens = tokenizer.encode(content); });
    const auto decode = time_of(s.rounds, [&] { (void)tokenizer.decode(tokens); });
    const auto parts = cut_lines(content);
    const auto batch = time_of(s.rounds, [&] { (void)tokenizer.encode_all(parts); });
    rows.push_back({{"tokenizer", short_name},
                    {"text", text.substr(0, equals)},
                    {"MB", megabytes},
                    {"bytes/token", static_cast<double>(content.size()) / static_cast<double>(tokens.size())},
                    {"encode MB/s", megabytes / report::median(encode)},
                    {"all cores MB/s", megabytes / report::median(batch)},
                    {"decode MB/s", megabytes / report::median(decode)},
                    {"load ms", 1e3 * report::median(load)},
                    {"tokens", tokens.size()},
                    {"samples_s", encode}});
  }
}

}  // namespace

int main(int argc, char** argv) try {
  Settings s;
  CLI::App app{"Measures tokenizers."};
  app.add_option("tokenizers", s.tokenizers, "GGUF files, tokenizer.json files or folders with one")->required();
  app.add_option("--text", s.texts, "name=file, a text to encode");
  app.add_flag("--hard", s.hard, "1 and 2 MiB of one letter, of spaces, of Chinese, of accents instead: is the time linear? (Each call pays for its memory as in a new process.)");
  app.add_flag("--chat", s.chat, "the chat template of each GGUF file over ten messages instead");
  app.add_option("-r,--repetitions", s.rounds, "rounds; medians are shown")->check(CLI::PositiveNumber)->capture_default_str();
  report::add_output_option(app, s.format);
  CLI11_PARSE(app, argc, argv);
  std::vector<report::Row> rows;
  for (const auto& path : s.tokenizers) s.chat ? measure_chat(s, path, rows) : measure(s, path, rows);
  report::print(rows, s.format);
} catch (const std::exception& e) {
  fmt::print(stderr, "{}\n", e.what());
  return 1;
}
