// Ctrl-C as an event: waited for beside the keyboard while a line is read, a stop token while the model works.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <stop_token>
#include <thread>

#include "weft/core/error.hpp"

namespace example {

/// One of them in a program. Each Ctrl-C is kept until somebody takes it.
class Interrupts {
 public:
  Interrupts() {
    if (pipe(pipe_) != 0) weft::fail(weft::ErrorKind::resource, "no pipe can be made, so Ctrl-C cannot be handled");
    for (const int end : pipe_) fcntl(end, F_SETFL, O_NONBLOCK), fcntl(end, F_SETFD, FD_CLOEXEC);
    struct sigaction action = {};
    action.sa_handler = [](int) {  // may run in any thread, so it wakes whoever waits by a byte
      const int error = errno;
      if (write(pipe_[1], "", 1) < 0) errno = error;
    };
    sigaction(SIGINT, &action, &previous_);
  }
  ~Interrupts() {
    sigaction(SIGINT, &previous_, nullptr);
    for (const int end : pipe_) close(end);
  }
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  /// Takes one Ctrl-C, if there was one.
  bool take() {
    char byte;
    return read(pipe_[0], &byte, 1) == 1;
  }

  enum class Event { input, interrupt };
  /// Waits for input or a Ctrl-C, which it takes.
  Event wait(int input) {
    for (;;) {
      pollfd either[] = {{input, POLLIN, 0}, {pipe_[0], POLLIN, 0}};
      if (poll(either, 2, -1) < 0) continue;
      if (either[1].revents != 0 && take()) return Event::interrupt;
      if (either[0].revents != 0) return Event::input;
    }
  }

  /// While it lives, the first Ctrl-C requests a stop; further ones stay for others.
  class Watch {
   public:
    explicit Watch(Interrupts& interrupts)
        : thread_([this, &interrupts](std::stop_token done) {
            while (!done.stop_requested()) {
              pollfd interrupt{interrupts.pipe_[0], POLLIN, 0};
              if (poll(&interrupt, 1, 20) > 0 && interrupts.take()) {
                source_.request_stop();
                return;
              }
            }
          }) {}
    [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

   private:
    std::stop_source source_;
    std::jthread thread_;
  };

 private:
  static inline int pipe_[2] = {-1, -1};
  struct sigaction previous_ = {};
};

}  // namespace example
