// That a result is another one to the bit, but for what it cost.
#pragma once

#include <doctest/doctest.h>

#include <cstring>
#include <vector>

#include "weft/decode/result.hpp"

namespace weft::test {

inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}
inline bool same_bits(const std::vector<Alternative>& a, const std::vector<Alternative>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(Alternative)) == 0);
}

inline void check_same(const Result& a, const Result& b) {
  CHECK(a.tokens == b.tokens);
  CHECK(a.text == b.text);
  CHECK(same_bits(a.logprobs, b.logprobs));
  CHECK(same_bits(a.raw_logprobs, b.raw_logprobs));
  CHECK(a.top_n == b.top_n);
  CHECK(same_bits(a.top, b.top));
  CHECK(same_bits(a.top_raw, b.top_raw));
  CHECK(a.score == b.score);
  CHECK(a.stop == b.stop);
  CHECK(a.stop_string == b.stop_string);
  CHECK(a.stop_token == b.stop_token);
  CHECK(a.stats.generated_tokens == b.stats.generated_tokens);
  CHECK(a.stats.prompt_tokens == b.stats.prompt_tokens);
}

}  // namespace weft::test
