// Definitions of decode/hypotheses.hpp.
#pragma once

#include "weft/decode/hypotheses.hpp"

namespace weft::detail {

WEFT_INLINE void Hypotheses::add(Result result) {
  auto at = best_.begin();
  while (at != best_.end() && at->score > result.score) ++at;
  best_.insert(at, std::move(result));
  if (best_.size() > width_) best_.pop_back();
}

WEFT_INLINE bool Hypotheses::is_done(double best_sum, std::size_t length, std::size_t limit) const {
  if (best_.size() < width_) return false;
  if (early_stopping_ == EarlyStopping::when_width_finished) return true;
  const bool at_limit = early_stopping_ == EarlyStopping::never && length_penalty_ > 0;
  return best_.back().score >= score(best_sum, at_limit ? limit : length);
}

}  // namespace weft::detail
