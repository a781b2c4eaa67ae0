// What the examples need of a terminal: is it one, colours, a progress line, and Ctrl-C as a stop token.
#pragma once

#include <fmt/color.h>
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stop_token>
#include <string>
#include <thread>

#if __has_include(<unistd.h>)
#include <unistd.h>
#define WEFT_EXAMPLE_POSIX 1
#endif

namespace terminal {

inline bool is_terminal(std::FILE* stream) {
#ifdef WEFT_EXAMPLE_POSIX
  return isatty(fileno(stream)) != 0;
#else
  (void)stream;
  return false;
#endif
}

/// A terminal that can do more than print line by line.
inline bool is_capable(std::FILE* stream) {
  const char* term = std::getenv("TERM");
  return is_terminal(stream) && !(term && std::string(term) == "dumb");
}

/// Colours only on a terminal that has them, and never against NO_COLOR (no-color.org).
inline bool colourful(std::FILE* stream) {
  const char* no_color = std::getenv("NO_COLOR");
  return is_capable(stream) && !(no_color && *no_color);
}

/// Prints text to a stream, in a style where the stream shows styles.
template <class... Args>
void print(std::FILE* stream, const fmt::text_style& style, fmt::format_string<Args...> format, Args&&... args) {
  const auto text = fmt::format(format, std::forward<Args>(args)...);
  if (colourful(stream))
    fmt::print(stream, style, "{}", text);
  else
    fmt::print(stream, "{}", text);
}

inline const auto dim = fmt::emphasis::faint;
inline const auto bold = fmt::emphasis::bold;

/// A bar on standard error that disappears when it is done; nothing where standard error is no such terminal.
class Progress {
 public:
  explicit Progress(bool enabled) : enabled_(enabled && is_capable(stderr)) {}
  ~Progress() { clear(); }
  void show(const char* what, double fraction) {
    if (!enabled_) return;
    const int filled = static_cast<int>(fraction * 24 + 0.5);
    if (filled == last_ && what == what_) return;
    last_ = filled, what_ = what;
    std::string bar;
    for (int i = 0; i < 24; ++i) bar += i < filled ? "━" : " ";
    fmt::print(stderr, "\r{} {} {:3.0f} %", what, bar, fraction * 100);
    std::fflush(stderr);
    shown_ = true;
  }
  void clear() {
    if (shown_) fmt::print(stderr, "\r\033[K");
    std::fflush(stderr);
    shown_ = false, last_ = -1;
  }

 private:
  bool enabled_, shown_ = false;
  int last_ = -1;
  const char* what_ = nullptr;
};

namespace detail {
inline volatile std::sig_atomic_t interrupted = 0;
inline void on_interrupt(int) {
  interrupted = 1;
  std::signal(SIGINT, SIG_DFL);  // a second Ctrl-C ends the program at once
}
}  // namespace detail

/// While it lives, Ctrl-C requests a stop instead of ending the program.
class Interrupt {
 public:
  Interrupt() : previous_(std::signal(SIGINT, detail::on_interrupt)) {
    // A handler may do next to nothing; a thread looks at its flag and wakes whoever waits.
    watcher_ = std::jthread([this](std::stop_token done) {
      while (!done.stop_requested() && !source_.stop_requested()) {
        if (detail::interrupted) source_.request_stop();
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
    });
  }
  ~Interrupt() { std::signal(SIGINT, previous_); }
  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  void (*previous_)(int);
  std::jthread watcher_;
};

}  // namespace terminal
