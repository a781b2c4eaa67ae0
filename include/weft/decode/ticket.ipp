// Definitions of decode/ticket.hpp.
#pragma once

#include <utility>

#include "weft/decode/ticket.hpp"

namespace weft::detail {

WEFT_INLINE void Outcome::set(Result result) {
  const std::lock_guard lock(mutex_);
  result_ = std::move(result);
  changed_.notify_all();
}

WEFT_INLINE void Outcome::set_error(std::exception_ptr error) {
  const std::lock_guard lock(mutex_);
  error_ = std::move(error);
  changed_.notify_all();
}

WEFT_INLINE bool Outcome::done() const {
  const std::lock_guard lock(mutex_);
  return result_ || error_;
}

WEFT_INLINE const Result& Outcome::wait() const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return result_ || error_; });
  if (error_) std::rethrow_exception(error_);
  return *result_;
}

}  // namespace weft::detail
