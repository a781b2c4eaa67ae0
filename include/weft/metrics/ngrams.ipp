#pragma once

#include <algorithm>
#include <map>

#include "weft/core/error.hpp"
#include "weft/metrics/ngrams.hpp"

namespace weft {

namespace detail {

inline void add_ngrams(std::span<const Token> text, std::size_t n, std::vector<std::span<const Token>>& all) {
  if (n == 0) fail(ErrorKind::argument, "n-grams of 0 tokens: expected n of at least 1");
  for (std::size_t i = 0; i + n <= text.size(); ++i) all.push_back(text.subspan(i, n));
}

/// Sorted, with equal ones together.
inline std::vector<NgramCount> count_sorted(std::vector<std::span<const Token>>& all) {
  std::sort(all.begin(), all.end(), [](auto a, auto b) { return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end()); });
  std::vector<NgramCount> counts;
  for (const auto ngram : all) {
    if (counts.empty() || !std::equal(ngram.begin(), ngram.end(), counts.back().ngram.begin())) counts.push_back({ngram, 0});
    ++counts.back().count;
  }
  return counts;
}

}  // namespace detail

WEFT_INLINE std::vector<NgramCount> count_ngrams(std::span<const Token> text, std::size_t n) {
  std::vector<std::span<const Token>> all;
  detail::add_ngrams(text, n, all);
  return detail::count_sorted(all);
}

WEFT_INLINE double distinct_n(std::span<const std::vector<Token>> texts, std::size_t n) {
  std::vector<std::span<const Token>> all;
  for (const auto& text : texts) detail::add_ngrams(text, n, all);
  return all.empty() ? 1 : static_cast<double>(detail::count_sorted(all).size()) / static_cast<double>(all.size());
}

WEFT_INLINE double seq_rep_n(std::span<const Token> text, std::size_t n) {
  std::vector<std::span<const Token>> all;
  detail::add_ngrams(text, n, all);
  return all.empty() ? 0 : 1 - static_cast<double>(detail::count_sorted(all).size()) / static_cast<double>(all.size());
}

WEFT_INLINE double rep_l(std::span<const Token> context, std::span<const Token> text, std::size_t window) {
  if (window == 0) fail(ErrorKind::argument, "rep/l with a window of 0 tokens: expected at least 1");
  if (text.empty()) return 0;
  std::map<Token, std::size_t> latest;  // where a token stood last, counted over context and text
  for (std::size_t i = 0; i < context.size(); ++i) latest[context[i]] = i;
  std::size_t repeated = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t here = context.size() + i;
    const auto [before, is_new] = latest.try_emplace(text[i], here);
    repeated += !is_new && here - before->second <= window;
    before->second = here;
  }
  return static_cast<double>(repeated) / static_cast<double>(text.size());
}

}  // namespace weft
