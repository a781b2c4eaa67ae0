// chat: a conversation with a model in the terminal. /help lists what can be typed.
//
//   chat                                    with the default model
//   chat model.gguf --system "You are terse." --set temperature=0.2 --set max_tokens=200
//   printf 'Hello!\n/stats\n' | chat         a script: answers as plain text
#include <CLI/CLI.hpp>
#include <clocale>
#include <cstdlib>
#include <random>

#include "support/chat_commands.hpp"
#include "support/chat_template.hpp"
#include "support/common_options.hpp"
#include "support/kv_type.hpp"
#include "support/line_editor.hpp"
#include "support/model_path.hpp"
#include "support/report_error.hpp"

namespace {

struct Arguments {
  std::string model, system, format, load, history, kv = "f16";
  std::vector<std::string> set;
  std::int64_t context = 0;
  int threads = 0;
};

Arguments parse(int argc, char** argv) {
  Arguments a;
  CLI::App app{"A conversation with a language model; lines from a pipe are a script."};
  example::add_model_option(app, a.model);
  app.add_option("--system", a.system, "system prompt");
  app.add_option("--set", a.set, "NAME=VALUE, as /set does; may be given several times")->allow_extra_args(false);
  app.add_option("--context", a.context, "tokens of a conversation at most (the model's context length)")->check(CLI::PositiveNumber);
  app.add_option("--template", a.format, "chat template: one of the model's by name, chatml, or a file (the model's own)");
  app.add_option("--load", a.load, "goes on with a conversation that /save has written");
  app.add_option("--history", a.history, "file for what was typed, from one time to the next (it is forgotten)");
  app.add_option("--kv", a.kv, "precision of keys and values")->check(CLI::IsMember({"f16", "f32", "q8"}))->capture_default_str();
  example::add_threads_option(app, a.threads);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    std::exit(app.exit(e));
  }
  return a;
}

example::ChatSettings settings_of(const Arguments& a) {
  example::ChatSettings settings;
  settings.seed = std::random_device{}() >> 1;
  for (const auto& text : a.set) {
    const auto equals = text.find('=');
    if (equals == std::string::npos) weft::fail(weft::ErrorKind::argument, "--set '", text, "': expected NAME=VALUE, such as temperature=0.2");
    example::set(settings, text.substr(0, equals), text.substr(equals + 1));
  }
  return settings;
}

weft::Model<> load(const Arguments& a, example::Interrupts& interrupts, bool shows) {
  const example::Interrupts::Watch watch(interrupts);
  terminal::Progress progress(shows);
  weft::LoadOptions options;
  options.threads = a.threads;
  options.cancel = watch.token();
  options.progress = [&](std::size_t done, std::size_t total) { progress.show("loading", static_cast<double>(done) / static_cast<double>(total)); };
  return weft::Model<>(a.model.empty() ? example::default_model().string() : a.model, options);
}

/// Reads a message: a line, or several of them. `text` is empty where a Ctrl-C took it back.
example::TypedLine read_message(example::LineReader& reader, const example::ChatSession& s, bool& verbatim) {
  using End = example::TypedLine::End;
  const bool colours = terminal::colourful(stdout);
  const auto read = [&](const std::string& prompt) {
    auto line = reader.read(!s.interactive ? "" : colours ? "\033[1m" + prompt + "\033[0m" : prompt);
    if (line.end == End::line && s.interactive) reader.remember(line.text);
    return line;
  };
  const std::string_view quotes = "\"\"\"";
  auto message = read(s.current == "main" ? "> " : s.current + "> ");
  verbatim = message.text.starts_with(quotes);
  if (message.end != End::line) return message;
  if (verbatim) message.text.erase(0, quotes.size());
  for (;;) {
    if (const auto end = verbatim ? message.text.find(quotes) : std::string::npos; end != std::string::npos) {
      message.text.erase(end);
      if (message.text.starts_with('\n')) message.text.erase(0, 1);
      if (message.text.ends_with('\n')) message.text.pop_back();
      return message;
    }
    const bool joins = !verbatim && message.text.ends_with('\\');
    if (!verbatim && !joins) return message;
    if (joins) message.text.pop_back();
    const auto more = read("... ");
    if (more.end == End::interrupt) return {End::interrupt, "a message"};  // what was typed is not sent
    if (more.end == End::input) return message;
    message.text += '\n' + more.text;
  }
}

/// Until somebody leaves; the exit status.
int converse(example::ChatSession& s, example::LineReader& reader) {
  using End = example::TypedLine::End;
  while (!s.leaving) {
    bool verbatim = false;
    const auto message = read_message(reader, s, verbatim);
    if (message.end == End::input) break;
    if (message.end == End::interrupt) {
      if (message.text.empty() || !s.interactive) return 130;
      continue;
    }
    if (!verbatim && message.text.starts_with('/'))
      example::run_command(s, message.text);
    else if (message.text.find_first_not_of(" \t\r\n") != std::string::npos)
      example::say(s, message.text);
    std::fflush(stdout);
  }
  return s.refused && !s.interactive ? 1 : 0;
}

int chat(const Arguments& a) {
  example::Interrupts interrupts;
  const bool interactive = terminal::is_terminal(stdin);
  const auto settings = settings_of(a);
  const auto model = load(a, interrupts, interactive);
  example::ChatSession s{.model = model, .interrupts = interrupts, .interactive = interactive, .settings = settings};
  weft::Sequence<> sequence(model, {.kv_type = example::kv_type(a.kv), .context = a.context});
  s.branches.emplace(s.current, example::Chat(std::move(sequence), example::chat_template(model, a.format)));
  if (!a.load.empty()) s.chat().load(a.load);
  if (!a.system.empty()) s.chat().set_system(a.system);
  const auto reader = example::line_reader(interrupts, a.history, [&](std::string_view line) { return example::completions(s, line); });
  if (interactive) {
    terminal::print(stdout, terminal::bold, "{}", std::filesystem::path(model.source()).filename().string());
    fmt::print(", context {} tokens, lines by {}\n", s.chat().sequence().capacity(), reader->name());
    terminal::print(stdout, terminal::dim, "/help lists the commands; Ctrl-C stops an answer, Ctrl-D leaves\n");
    if (!a.load.empty()) example::note(s, "({} messages from {}; /show shows them)", s.chat().messages().size(), a.load);
  }
  return converse(s, *reader);
}

}  // namespace

int main(int argc, char** argv) try {
  if (std::setlocale(LC_CTYPE, ""); MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
  return chat(parse(argc, argv));
} catch (...) {
  return example::report_error();
}
