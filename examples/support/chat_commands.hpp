// The commands of examples/chat: one table, from which /help and the Tab key know them.
#pragma once

#include <filesystem>
#include <span>

#include "support/chat_session.hpp"
#include "support/shown.hpp"
#include "weft/core/mapped_file.hpp"

namespace example {

struct Command {
  const char* name;
  const char* arguments;
  const char* help;
  void (*run)(ChatSession&, const std::string& argument);
  std::vector<std::string> (*words)(ChatSession&) = nullptr;  ///< what the argument may be
};

std::span<const Command> commands();

namespace command {

inline std::string turns_of(const Chat& chat) { return fmt::format("{} turn{}", chat.turns(), chat.turns() == 1 ? "" : "s"); }

inline void need(const std::string& argument, const char* what) {
  if (argument.empty()) weft::fail(weft::ErrorKind::argument, "say ", what);
}

inline void help(ChatSession&, const std::string& argument) {
  for (const Command& c : commands()) {
    if (!argument.empty() && argument != c.name && "/" + argument != c.name) continue;
    fmt::print("{}{:<{}} {}\n", c.name, fmt::format(" {}", c.arguments), 26 - static_cast<int>(std::string_view(c.name).size()), c.help);
  }
  if (argument.empty())
    fmt::print("Everything else is said to the model. Lines between \"\"\" and \"\"\" are one message, and a \\ at its end joins a line to the next.\n"
               "Ctrl-C stops an answer, or leaves; Ctrl-D leaves.\n");
}

inline void set_value(ChatSession& s, const std::string& argument) {
  const auto space = argument.find_first_of(" =");
  if (space != std::string::npos) {
    const auto value = std::min(argument.find_first_not_of(" =", space), argument.size());
    return set(s.settings, argument.substr(0, space), argument.substr(value));
  }
  bool known = argument.empty();
  for (const Setting& setting : settings_table) {
    if (!argument.empty() && argument != setting.name) continue;
    known = true;
    fmt::print("{:<20} {:<8} {}\n", setting.name, value_of(s.settings, setting), setting.help);
  }
  if (!known) set(s.settings, argument, "");
}

inline void show_all(ChatSession& s, const std::string& argument) {
  Chat& chat = s.chat();
  if (argument == "template") return void(fmt::print("{}\n", chat.format().source()));
  if (!argument.empty()) weft::fail(weft::ErrorKind::argument, "/show takes nothing, or template");
  fmt::print("model {}, context {}, branch {}\n", s.model.source(), chat.sequence().capacity(), s.current);
  for (const weft::Message& message : chat.messages()) show(s, message);
  if (chat.messages().empty()) fmt::print("nothing was said yet\n");
}

inline void system(ChatSession& s, const std::string& argument) {
  s.chat().set_system(argument);
  note(s, "{}", argument.empty() ? "(no system prompt)" : "(the system prompt is set)");
}

inline void regenerate(ChatSession& s, const std::string&) {
  answer(s, [&](const weft::Options& options) { return s.chat().regenerate(weft::chain_from(s.settings.sampling), options); });
}

inline void undo(ChatSession& s, const std::string&) {
  const auto taken = s.chat().undo();
  const std::string& text = taken.front().content;
  note(s, "(taken back: \"{:.60}\"; {} left)", text.substr(0, text.find('\n')), turns_of(s.chat()));
}

inline void forget(ChatSession& s, const std::string& argument) {
  std::int64_t turns = 1;
  if (!argument.empty()) {
    const auto [end, error] = std::from_chars(argument.data(), argument.data() + argument.size(), turns);
    if (error != std::errc() || *end != 0 || turns < 1) weft::fail(weft::ErrorKind::argument, "/forget takes a number of turns, not '", argument, "'");
  }
  s.chat().forget(static_cast<std::size_t>(turns));
  note(s, "(dropped; {} left, read again with the next message)", turns_of(s.chat()));
}

inline std::vector<std::string> branch_names(ChatSession& s) {
  std::vector<std::string> names;
  for (const auto& [name, chat] : s.branches) names.push_back(name);
  return names;
}

inline void list_branches(ChatSession& s) {
  for (const auto& [name, chat] : s.branches) fmt::print("{} {:<16} {}\n", name == s.current ? "*" : " ", name, turns_of(chat));
}

inline void branch(ChatSession& s, const std::string& argument) {
  if (argument.empty()) return list_branches(s);
  if (argument.find(' ') != std::string::npos) weft::fail(weft::ErrorKind::argument, "a branch's name is one word, not '", argument, "'");
  if (s.branches.contains(argument)) weft::fail(weft::ErrorKind::argument, "there is a branch '", argument, "' already; /switch ", argument, " goes there");
  s.branches.emplace(argument, s.chat().fork());
  note(s, "(a copy of {}, by the name of {})", s.current, argument);
  s.current = argument;
}

inline void switch_to(ChatSession& s, const std::string& argument) {
  if (argument.empty()) return list_branches(s);
  if (!s.branches.contains(argument)) weft::fail(weft::ErrorKind::argument, "there is no branch '", argument, "'; /switch lists them, /branch ", argument, " makes it");
  s.current = argument;
  note(s, "(on {}, {})", s.current, turns_of(s.chat()));
}

inline void save(ChatSession& s, const std::string& argument) {
  need(argument, "the file that the conversation goes to");
  s.chat().save(argument);
  note(s, "(saved: {} messages, keys and values of {} tokens, {:.1f} MB)", s.chat().messages().size(), s.chat().sequence().size(),
       static_cast<double>(std::filesystem::file_size(argument)) / 1e6);
}

inline void load(ChatSession& s, const std::string& argument) {
  need(argument, "the file that /save has written");
  s.chat().load(argument);
  s.last.reset();
  note(s, "(loaded: {} messages, keys and values of {} tokens)", s.chat().messages().size(), s.chat().sequence().size());
}

inline void tokens(ChatSession& s, const std::string&) {
  const Chat& chat = s.chat();
  const auto turn = weft::detail::last_turn(chat.messages());
  if (turn == chat.messages().size()) weft::fail(weft::ErrorKind::argument, "nothing was said yet");
  const auto all = chat.tokens();
  const auto before = turn == 0 ? 0 : weft::detail::common_prefix(all, chat.tokens(turn));
  const auto& tokenizer = s.model.tokenizer();
  for (const weft::Token token : std::span(all).subspan(before)) {
    const bool control = tokenizer.is_control(token);
    const auto bytes = shown(tokenizer.bytes(token));
    if (control)
      terminal::print(stdout, fmt::emphasis::reverse, "{:>8} control {}", token, bytes), fmt::print("\n");
    else
      fmt::print("{:>8} text    \"{}\"\n", token, bytes);
  }
}

inline void stats(ChatSession& s, const std::string&) {
  const Chat& chat = s.chat();
  if (s.last) {
    const auto& stats = s.last->stats;
    fmt::print("prompt   {} tokens: {} reused, {} prefilled", stats.prompt_tokens, stats.prompt_tokens - stats.prefilled_tokens, stats.prefilled_tokens);
    fmt::print("{}\n", stats.prefill_tps > 0 ? fmt::format(", {:.0f} tokens/s", stats.prefill_tps) : "");
    fmt::print("answer   {} tokens{}, ended by {}\n", stats.generated_tokens, stats.decode_tps > 0 ? fmt::format(", {:.1f} tokens/s", stats.decode_tps) : "",
               weft::name(s.last->stop));
  }
  const auto used = chat.messages().empty() ? 0 : chat.tokens().size();
  fmt::print("context  {} of {} tokens, {} in keys and values\n", used, chat.sequence().capacity(), chat.sequence().size());
  fmt::print("memory   {:.1f} MB of keys and values, branches together\n", [&] {
    std::map<const weft::PagePool*, std::size_t> pools;  // branches share theirs
    for (const auto& [name, each] : s.branches) pools[&each.sequence().pages()] = each.sequence().pages().used();
    std::size_t bytes = 0;
    for (const auto& [pool, used_bytes] : pools) bytes += used_bytes;
    return static_cast<double>(bytes) / 1e6;
  }());
}

inline void file(ChatSession& s, const std::string& argument) {
  need(argument, "which text file goes with the next message");
  constexpr std::uintmax_t most = 16 << 20;
  std::error_code none;
  if (const auto size = std::filesystem::file_size(argument, none); !none && size > most)
    weft::fail(weft::ErrorKind::resource, argument, ": has ", std::uint64_t{size}, " bytes; a file of a message may have ", std::uint64_t{most});
  const std::string text = weft::read_whole_file(argument);
  if (!weft::is_utf8(text)) weft::fail(weft::ErrorKind::format, argument, ": is no text (it is not UTF-8)");
  s.files += fmt::format("File {}:\n{}\n\n", std::filesystem::path(argument).filename().string(), text);
  note(s, "({} tokens go with your next message)", s.model.tokenizer().encode(s.files).size());
}

inline void leave(ChatSession& s, const std::string&) { s.leaving = true; }

inline std::vector<std::string> command_names(ChatSession&) {
  std::vector<std::string> names;
  for (const Command& c : commands()) names.emplace_back(c.name);
  return names;
}
inline std::vector<std::string> setting_names(ChatSession&) {
  std::vector<std::string> names;
  for (const Setting& setting : settings_table) names.emplace_back(setting.name);
  return names;
}

}  // namespace command

inline std::span<const Command> commands() {
  static constexpr Command table[] = {
      {"/help", "[COMMAND]", "lists the commands", command::help, command::command_names},
      {"/set", "[NAME [VALUE]]", "changes a setting of the answers, or shows it, or all", command::set_value, command::setting_names},
      {"/show", "[template]", "shows the conversation, or the model's chat template", command::show_all},
      {"/system", "[TEXT]", "makes a text the system prompt; without one there is none", command::system},
      {"/regen", "", "answers the last message again", command::regenerate},
      {"/undo", "", "takes the last message and its answer back", command::undo},
      {"/forget", "[TURNS]", "drops the oldest messages and answers, to make room", command::forget},
      {"/branch", "[NAME]", "goes on in a copy of the conversation; lists them", command::branch, command::branch_names},
      {"/switch", "[NAME]", "goes to another branch; lists them", command::switch_to, command::branch_names},
      {"/save", "FILE", "writes the conversation, keys and values included", command::save},
      {"/load", "FILE", "goes on with a conversation that was saved", command::load},
      {"/tokens", "", "shows the tokens of the last message and its answer", command::tokens},
      {"/stats", "", "shows what was reused and run, how fast, and the room left", command::stats},
      {"/file", "FILE", "sends a text file along with the next message", command::file},
      {"/quit", "", "leaves", command::leave},
  };
  return table;
}

/// Runs a line that begins with a slash.
inline void run_command(ChatSession& s, const std::string& line) {
  const auto space = std::min(line.find(' '), line.size());
  const std::string name = line.substr(0, space);
  const auto begin = line.find_first_not_of(' ', space);
  std::string argument = begin == std::string::npos ? "" : line.substr(begin);
  argument.erase(argument.find_last_not_of(" \n") + 1);
  for (const Command& c : commands()) {
    if (name != c.name) continue;
    try {
      c.run(s, argument);
    } catch (const weft::Error& error) {
      if (error.kind() == weft::ErrorKind::cancelled) throw;
      refuse(s, error.what());
    }
    return;
  }
  refuse(s, "there is no command " + name + "; /help lists them, and between \"\"\" and \"\"\" a message may begin with a slash");
}

/// What the last word of a line may be.
inline std::vector<std::string> completions(ChatSession& s, std::string_view line) {
  if (!line.starts_with('/')) return {};
  const auto space = line.find(' ');
  if (space == std::string_view::npos) return command::command_names(s);
  for (const Command& c : commands())
    if (c.words && line.substr(0, space) == c.name) return c.words(s);
  return {};
}

}  // namespace example
