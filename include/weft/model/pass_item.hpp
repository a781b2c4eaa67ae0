// What a sequence asks of a pass, and how much goes into one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "weft/backend/concept.hpp"
#include "weft/core/token.hpp"
#include "weft/nn/tap.hpp"

namespace weft {

/// Rows that go through the model together; longer batches are cut. Enough that reading the weights costs a small part of
/// multiplying by them; the bits do not depend on it.
inline constexpr std::int64_t max_pass_rows = 128;

namespace detail {

/// Tokens of one sequence to run. pages cover positions [first, first + tokens.size()) and may be written.
struct PassItem {
  std::span<const Token> tokens;
  std::int64_t first = 0;
  std::byte* const* pages = nullptr;
  std::int64_t room = 0;  ///< positions that there are pages for: scratch is made for so many, so that it need not grow
  KvType kv_type{};
  float* last_logits = nullptr;  ///< [vocab]: logits after the last token, or null
  float* earlier_logits = nullptr;  ///< [tokens - 1, vocab]: logits after every token before the last, or null
  /// Called with (index into tokens, logits) for every token, in order, when set.
  std::function<void(std::int64_t, std::span<const float>)> every_logits;
  std::span<const nn::Tap> taps;  ///< rows count from the item's first token
};

}  // namespace detail
}  // namespace weft
