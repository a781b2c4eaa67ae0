// A line from the keyboard: edited, completed and remembered by libedit where CMake found it and the terminal can; read plainly elsewhere.
#pragma once

#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/interrupts.hpp"
#include "support/terminal.hpp"

namespace example {

/// What was typed up to Enter, to Ctrl-C, or to Ctrl-D on an empty line (the end of the input).
struct TypedLine {
  enum class End { line, interrupt, input };
  End end = End::line;
  std::string text{};
};

/// The words that may stand at the end of a line instead of the one that does, for the Tab key.
using Completer = std::function<std::vector<std::string>(std::string_view line)>;

class LineReader {
 public:
  virtual ~LineReader() = default;
  virtual TypedLine read(const std::string& prompt) = 0;
  /// For the keys up and down.
  virtual void remember(const std::string&) {}
  [[nodiscard]] virtual const char* name() const = 0;
};

/// Reads lines as the system gives them: from a file, a pipe, or a terminal that edits them a little itself.
class PlainLines final : public LineReader {
 public:
  explicit PlainLines(Interrupts& interrupts) : interrupts_(interrupts) {}

  TypedLine read(const std::string& prompt) override {
    std::fputs(prompt.c_str(), stdout);
    std::fflush(stdout);
    for (;;) {
      if (const auto end = buffer_.find('\n'); end != std::string::npos) {
        TypedLine typed{TypedLine::End::line, buffer_.substr(0, end)};
        buffer_.erase(0, end + 1);
        return typed;
      }
      if (interrupts_.wait(STDIN_FILENO) == Interrupts::Event::interrupt) return {TypedLine::End::interrupt, std::exchange(buffer_, {})};
      char part[4096];
      const auto n = ::read(STDIN_FILENO, part, sizeof part);
      if (n > 0)
        buffer_.append(part, static_cast<std::size_t>(n));
      else if (n == 0 || errno != EINTR)
        return {buffer_.empty() ? TypedLine::End::input : TypedLine::End::line, std::exchange(buffer_, {})};
    }
  }
  [[nodiscard]] const char* name() const override { return "plain"; }

 private:
  Interrupts& interrupts_;
  std::string buffer_;
};

}  // namespace example

#ifdef WEFT_EXAMPLE_LIBEDIT
#include "support/edited_lines.hpp"
#endif

namespace example {

/// history: a file that keeps what was typed, or empty. A plain reader has no use for it.
inline std::unique_ptr<LineReader> line_reader(Interrupts& interrupts, const std::string& history, Completer complete) {
#ifdef WEFT_EXAMPLE_LIBEDIT
  if (terminal::is_capable(stdin) && terminal::is_capable(stdout)) return std::make_unique<EditedLines>(interrupts, history, std::move(complete));
#endif
  (void)history, (void)complete;
  return std::make_unique<PlainLines>(interrupts);
}

}  // namespace example
