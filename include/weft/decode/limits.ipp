// Definitions of decode/limits.hpp.
#pragma once

#include "weft/core/error.hpp"
#include "weft/decode/limits.hpp"

namespace weft::detail {

WEFT_INLINE Limits::Limits(std::span<const Token> ends, std::size_t prompt_tokens, std::size_t context, const Options& options)
    : prompt(prompt_tokens) {
  check(options);
  if (!options.ignore_end_tokens) end_tokens.assign(ends.begin(), ends.end());
  model_ends = end_tokens.size();
  end_tokens.insert(end_tokens.end(), options.stop_tokens.begin(), options.stop_tokens.end());
  if (prompt == 0) fail(ErrorKind::argument, "the prompt is empty: give it at least one token, such as the model's BOS");
  if (prompt > context)
    fail(ErrorKind::resource, "the prompt has ", prompt, " tokens and the context ", context,
         ": shorten the prompt, rewind the sequence, or give it a longer context");
  new_tokens = static_cast<std::size_t>(options.max_tokens);
  by_context = context - prompt < new_tokens;
  if (by_context) new_tokens = context - prompt;
}

WEFT_INLINE StopReason Limits::reason_of(Token token) const {
  for (std::size_t i = 0; i < end_tokens.size(); ++i)
    if (end_tokens[i] == token) return i < model_ends ? StopReason::end_token : StopReason::stop_token;
  return StopReason::running;
}

}  // namespace weft::detail
