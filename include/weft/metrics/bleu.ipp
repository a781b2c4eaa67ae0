#pragma once

#include <algorithm>
#include <cmath>

#include "weft/core/error.hpp"
#include "weft/metrics/bleu.hpp"
#include "weft/metrics/ngrams.hpp"

namespace weft {

namespace detail {

/// How often `ngram` is among `counts`, which are sorted.
inline std::size_t count_of(std::span<const Token> ngram, const std::vector<NgramCount>& counts) {
  const auto before = [](const NgramCount& c, std::span<const Token> wanted) {
    return std::lexicographical_compare(c.ngram.begin(), c.ngram.end(), wanted.begin(), wanted.end());
  };
  const auto at = std::lower_bound(counts.begin(), counts.end(), ngram, before);
  return at != counts.end() && std::equal(ngram.begin(), ngram.end(), at->ngram.begin()) ? at->count : 0;
}

inline std::size_t closest_length(std::size_t length, std::span<const std::vector<Token>> references) {
  const auto distance = [&](std::size_t l) { return l > length ? l - length : length - l; };
  std::size_t closest = references[0].size();
  for (const auto& r : references)
    if (distance(r.size()) < distance(closest) || (distance(r.size()) == distance(closest) && r.size() < closest)) closest = r.size();
  return closest;
}

}  // namespace detail

WEFT_INLINE BleuCounts& BleuCounts::operator+=(const BleuCounts& other) {
  const auto n = std::max(matches.size(), other.matches.size());
  matches.resize(n), ngrams.resize(n);
  for (std::size_t i = 0; i < other.matches.size(); ++i) matches[i] += other.matches[i], ngrams[i] += other.ngrams[i];
  length += other.length;
  reference_length += other.reference_length;
  return *this;
}

WEFT_INLINE BleuCounts bleu_counts(std::span<const Token> text, std::span<const std::vector<Token>> references, std::size_t max_n) {
  if (max_n == 0) fail(ErrorKind::argument, "BLEU of n-grams up to 0 tokens: expected max_n of at least 1");
  if (references.empty()) fail(ErrorKind::argument, "BLEU needs at least one reference");
  BleuCounts counts{{}, {}, text.size(), detail::closest_length(text.size(), references)};
  for (std::size_t n = 1; n <= max_n; ++n) {
    const auto own = count_ngrams(text, n);
    std::vector<std::size_t> most(own.size(), 0);  // of each n-gram, in any one reference
    for (const auto& reference : references) {
      const auto theirs = count_ngrams(reference, n);
      for (std::size_t i = 0; i < own.size(); ++i) most[i] = std::max(most[i], detail::count_of(own[i].ngram, theirs));
    }
    std::size_t matches = 0;
    for (std::size_t i = 0; i < own.size(); ++i) matches += std::min(own[i].count, most[i]);
    counts.matches.push_back(matches);
    counts.ngrams.push_back(text.size() < n ? 0 : text.size() - n + 1);
  }
  return counts;
}

WEFT_INLINE double bleu(const BleuCounts& counts, const BleuOptions& options) {
  const bool any = std::any_of(counts.matches.begin(), counts.matches.end(), [](std::size_t m) { return m > 0; });
  if (!any) return 0;
  double logs = 0, halves = 1;
  std::size_t order = 0;
  for (std::size_t i = 0; i < counts.matches.size(); ++i) {
    auto matches = static_cast<double>(counts.matches[i]), all = static_cast<double>(counts.ngrams[i]);
    if (options.smoothing == BleuSmoothing::add_k && i > 0) {
      const double k = options.value > 0 ? options.value : 1;
      matches += k, all += k;
    }
    if (all == 0) break;
    if (matches == 0 && options.smoothing == BleuSmoothing::floor) matches = options.value > 0 ? options.value : 0.1;
    if (matches == 0 && options.smoothing == BleuSmoothing::exponential) matches = halves /= 2;
    if (matches == 0) return 0;
    logs += std::log(matches / all);
    ++order;
  }
  if (order < counts.matches.size() && !options.effective_order) return 0;
  const double ratio = static_cast<double>(counts.reference_length) / static_cast<double>(counts.length);
  return std::min(1.0, std::exp(1 - ratio)) * std::exp(logs / static_cast<double>(order));
}

WEFT_INLINE double self_bleu(std::span<const std::vector<Token>> texts, std::size_t max_n, const BleuOptions& options) {
  if (texts.size() < 2) fail(ErrorKind::argument, "self-BLEU of ", texts.size(), " texts: expected at least 2");
  std::vector<std::vector<Token>> others(texts.begin() + 1, texts.end());
  double sum = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    sum += bleu(bleu_counts(texts[i], others, max_n), options);
    if (i < others.size()) others[i] = texts[i];  // the next text has this one for a reference in its own place
  }
  return sum / static_cast<double>(texts.size());
}

}  // namespace weft
