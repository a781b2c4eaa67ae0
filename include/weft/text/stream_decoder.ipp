// What is whole leaves the buffer of bytes.
#pragma once

#include <algorithm>

#include "weft/text/stream_decoder.hpp"

namespace weft {

WEFT_INLINE std::string_view StreamDecoder::push(Token id) {
  out_.clear();
  tokenizer_.check(id);
  if (tokenizer_.family_->is_left_out(id)) return out_;
  tokenizer_.family_->decode(id, state_, invalid_, pending_);
  return take(true);
}

WEFT_INLINE std::string_view StreamDecoder::finish() {
  tokenizer_.family_->finish(state_, invalid_, pending_);
  return take(false);
}

WEFT_INLINE std::string_view StreamDecoder::take(bool more) {
  out_.clear();
  const std::size_t used = invalid_ == InvalidUtf8::replace ? append_valid_utf8(out_, pending_, more) : keep(more);
  pending_.erase(0, used);
  return out_;
}

WEFT_INLINE std::size_t StreamDecoder::keep(bool more) {
  std::size_t used = pending_.size();
  // A character that is not whole yet can only lie in the last three bytes.
  for (std::size_t at = used - std::min<std::size_t>(used, 3); more && at < pending_.size(); ++at)
    if (detail::read_utf8(pending_, at).state == detail::Utf8State::cut) {
      used = at;
      break;
    }
  out_.append(pending_, 0, used);
  return used;
}

}  // namespace weft
