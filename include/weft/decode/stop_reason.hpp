// Why a generation ended.
#pragma once

#include <string_view>

namespace weft {

enum class StopReason {
  running,       ///< it did not: the caller left the stream
  max_tokens,    ///< Options::max_tokens were generated
  end_token,     ///< one of the model's end tokens
  stop_token,    ///< one of Options::stop_tokens
  stop_string,   ///< one of Options::stop occurred in the text
  context_full,  ///< the model's context length was reached
  cancelled      ///< Options::cancel fired
};

constexpr std::string_view name(StopReason reason) noexcept {
  switch (reason) {
    case StopReason::running: return "running";
    case StopReason::max_tokens: return "max_tokens";
    case StopReason::end_token: return "end_token";
    case StopReason::stop_token: return "stop_token";
    case StopReason::stop_string: return "stop_string";
    case StopReason::context_full: return "context_full";
    case StopReason::cancelled: return "cancelled";
  }
  return "unknown";
}

}  // namespace weft
