// A ticket for work that somebody else does: asks, waits, cancels.
#pragma once

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "weft/core/config.hpp"
#include "weft/decode/result.hpp"

namespace weft {

namespace detail {

/// What a row and its tickets share.
class Outcome {
 public:
  void set(Result result);
  void set_error(std::exception_ptr error);
  [[nodiscard]] bool done() const;
  const Result& wait() const;
  std::stop_source stop{};

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::optional<Result> result_;
  std::exception_ptr error_;
};

}  // namespace detail

/// What Server::submit() gives. Copies are the same ticket; it may outlive the server. Any thread may use it.
class Ticket {
 public:
  explicit Ticket(std::shared_ptr<detail::Outcome> outcome) : outcome_(std::move(outcome)) {}

  /// Whether result() returns, or throws, at once.
  [[nodiscard]] bool done() const { return outcome_->done(); }
  /// Waits for the end; valid as long as the ticket or a copy. Throws what the row failed by: an error of its step or callback. The thread
  /// that drives the server must have driven it to that end before it asks, or it waits for itself.
  [[nodiscard]] const Result& result() const { return outcome_->wait(); }
  /// Ends the row before its next token, with StopReason::cancelled and what there is.
  void cancel() { outcome_->stop.request_stop(); }

 private:
  std::shared_ptr<detail::Outcome> outcome_;
};

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/decode/ticket.ipp"
#endif
