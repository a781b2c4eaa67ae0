// The state of examples/chat: branches of a conversation, settings, and how an answer is shown.
#pragma once

#include <sys/ioctl.h>

#include <map>
#include <optional>
#include <utility>

#include "support/answer_printer.hpp"
#include "support/chat_settings.hpp"
#include "support/interrupts.hpp"
#include "support/terminal.hpp"
#include "weft/weft.hpp"

namespace example {

using Chat = weft::Chat<weft::Sequence<>>;

struct ChatSession {
  const weft::Model<>& model;
  Interrupts& interrupts;
  bool interactive = false;  ///< somebody sits there; else lines are a script, and answers plain text
  ChatSettings settings{};
  std::map<std::string, Chat> branches{};
  std::string current = "main";
  std::string files{};               ///< what /file has read, for the next message
  std::optional<weft::Result> last{};  ///< the last answer
  std::uint64_t answers = 0;         ///< so many were begun: each draws for itself
  bool refused = false;              ///< something could not be done
  bool leaving = false;

  [[nodiscard]] Chat& chat() { return branches.at(current); }
};

/// 0 where there is no terminal, or it does not say.
inline std::size_t terminal_width() {
  winsize size{};
  return terminal::is_capable(stdout) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

inline AnswerPrinter::Style answer_style() { return {terminal::colourful(stdout), terminal_width()}; }

/// About the conversation, not of it: dimmed, and with a script on standard error.
template <class... Args>
void note(const ChatSession& s, fmt::format_string<Args...> format, Args&&... args) {
  terminal::print(s.interactive ? stdout : stderr, terminal::dim, "{}\n", fmt::format(format, std::forward<Args>(args)...));
}

/// Something that cannot be done, and what to do.
inline void refuse(ChatSession& s, std::string_view what) {
  std::fflush(stdout);
  terminal::print(stderr, fmt::fg(fmt::terminal_color::red), "{}\n", what);
  s.refused = true;
}

/// A message as it is shown again.
inline void show(const ChatSession& s, const weft::Message& message) {
  terminal::print(stdout, terminal::bold, "{}: ", message.role);
  AnswerPrinter printer(s.interactive ? answer_style() : AnswerPrinter::Style{});
  fmt::print("{}", printer.push(message.content));
  fmt::print("{}\n", printer.finish());
}

inline void say_why_it_ended(ChatSession& s, const weft::Result& result) {
  using weft::StopReason;
  if (result.stop == StopReason::cancelled)
    note(s, "{}", result.tokens.empty() ? "(stopped before a word was written: your message is taken back)" : "(stopped; what there is stays; /regen answers again)");
  if (result.stop == StopReason::max_tokens) note(s, "(stopped after {} tokens; /set max_tokens allows more)", result.tokens.size());
  if (result.stop == StopReason::context_full)
    note(s, "(the context of {} tokens is full; type /forget to drop the oldest turn, or /undo to take this one back)", s.chat().sequence().capacity());
}

/// Shows a reply while it is written. begin: makes it, given the options.
template <class Begin>
void answer(ChatSession& s, const Begin& begin) {
  const Interrupts::Watch watch(s.interrupts);
  terminal::Progress progress(s.interactive);
  weft::Options options;
  options.max_tokens = s.settings.max_tokens;
  options.seed = static_cast<std::uint64_t>(s.settings.seed);
  options.branch = s.answers++;
  options.cancel = watch.token();
  options.on_prefill = [&](std::size_t done, std::size_t total) {
    if (done < total)
      progress.show("reading", static_cast<double>(done) / static_cast<double>(total));
    else
      progress.clear();
  };
  {
    auto reply = begin(options);
    AnswerPrinter printer(s.interactive ? answer_style() : AnswerPrinter::Style{}, s.interactive && AnswerPrinter::opens_reasoning(reply.prompt()));
    const auto write = [&](std::string_view text) {
      if (s.interactive)
        fmt::print("{}", text);
      else
        std::fwrite(text.data(), 1, text.size(), stdout);
      std::fflush(stdout);
    };
    for (const weft::Piece& piece : reply) write(s.interactive ? printer.push(piece.text) : std::string(piece.text));
    write(printer.finish() + "\n");
    s.last = reply.result();
  }
  say_why_it_ended(s, *s.last);
  if (!s.interactive && s.last->stop == weft::StopReason::cancelled) weft::fail(weft::ErrorKind::cancelled, "interrupted");  // the script, too
}

inline void say(ChatSession& s, std::string text) {
  const std::string message = s.files + text;
  try {
    answer(s, [&](const weft::Options& options) { return s.chat().reply(message, weft::chain_from(s.settings.sampling), options); });
    if (!s.last->tokens.empty()) s.files.clear();
  } catch (const weft::Error& error) {
    if (error.kind() == weft::ErrorKind::cancelled) throw;
    refuse(s, error.what());
    if (error.kind() != weft::ErrorKind::resource) return;
    const auto turns = s.chat().turns_to_forget(message);
    if (turns && *turns > 0)
      refuse(s, fmt::format("Type /forget {} to drop the oldest turns, /undo to take the last one back, or start with a longer --context; then say it again.", *turns));
    else if (!s.files.empty())
      refuse(s, "The files of /file are dropped.");
    if (!turns) s.files.clear();
  }
}

}  // namespace example
