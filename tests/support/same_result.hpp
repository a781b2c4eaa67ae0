// Whether two results of decoding are the same: tokens, text, reason of the end, and the bits of every log-prob.
#pragma once

#include <cstring>
#include <vector>

#include "weft/decode/result.hpp"

namespace weft::test {

inline bool same_result(const Result& a, const Result& b) {
  const auto bits = [](const auto& x, const auto& y) {
    return x.size() == y.size() && (x.empty() || std::memcmp(x.data(), y.data(), sizeof(x[0]) * x.size()) == 0);
  };
  return a.tokens == b.tokens && a.text == b.text && a.stop == b.stop && a.stop_string == b.stop_string &&
         a.stop_token == b.stop_token && std::memcmp(&a.score, &b.score, sizeof a.score) == 0 &&
         bits(a.logprobs, b.logprobs) && bits(a.raw_logprobs, b.raw_logprobs) && bits(a.top, b.top) &&
         bits(a.top_raw, b.top_raw);
}

}  // namespace weft::test
