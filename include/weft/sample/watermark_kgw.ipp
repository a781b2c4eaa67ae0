// Definitions of sample/watermark_kgw.hpp.
#pragma once

#include <algorithm>
#include <numeric>

#include "weft/core/error.hpp"
#include "weft/sample/softmax.hpp"
#include "weft/sample/torch_random.hpp"
#include "weft/sample/watermark_kgw.hpp"

namespace weft {
namespace detail {

WEFT_INLINE KgwKey::KgwKey(const KgwOptions& options) : options_(options) {
  if (!(options.greenlist_ratio > 0 && options.greenlist_ratio < 1))
    fail(ErrorKind::argument, "watermark: greenlist_ratio ", options.greenlist_ratio,
         "; expected a share inside (0, 1)");
  if (!std::isfinite(options.bias)) fail(ErrorKind::argument, "watermark: the bias is not finite");
  if (options.hashing_key < 1 || options.hashing_key > 0x7FFFFFFF)
    fail(ErrorKind::argument, "watermark: hashing_key ", options.hashing_key, "; expected 1 to 2147483647");
  if (options.context_width < 1 || options.context_width > 1000)
    fail(ErrorKind::argument, "watermark: context_width ", options.context_width, "; expected 1 to 1000 tokens");
  if (!self_hash()) return;
  table_ = make_ref<Table>();
  auto& values = table_->values;
  values.resize(1000003);
  std::iota(values.begin(), values.end(), 0u);
  TorchRandom random(static_cast<std::uint64_t>(options.hashing_key));
  const auto n = static_cast<std::uint32_t>(values.size());
  for (std::uint32_t i = 0; i + 1 < n; ++i) std::swap(values[i], values[i + random.below(n - i)]);
}

WEFT_INLINE std::uint64_t KgwKey::seed(std::span<const Token> seeds) const {
  const auto key = static_cast<std::uint64_t>(options_.hashing_key);
  if (!self_hash()) return key * static_cast<std::uint32_t>(seeds.back());
  const auto hashed = [&](Token id) {
    return std::uint64_t{table_->values[static_cast<std::uint32_t>(id) % table_->values.size()]} + 1;
  };
  // products wrap as int64 does, and the least of them as a signed number counts
  std::int64_t least = INT64_MAX;
  for (const Token id : seeds)
    least = std::min(least, static_cast<std::int64_t>(key * hashed(id) * hashed(seeds.back())));
  // Python's remainder by 2^64 - 1
  return least < 0 ? static_cast<std::uint64_t>(least) - 1 : static_cast<std::uint64_t>(least);
}

WEFT_INLINE void KgwKey::greenlist(Token before, std::size_t vocab, std::vector<std::uint32_t>& permutation) const {
  permutation.resize(vocab);
  std::iota(permutation.begin(), permutation.end(), 0u);
  TorchRandom random(seed(std::span<const Token>(&before, 1)));
  const std::size_t green = greenlist_size(vocab);
  for (std::size_t i = 0; i < green; ++i)
    std::swap(permutation[i], permutation[i + random.below(static_cast<std::uint32_t>(vocab - i))]);
}

/// Follows the one token through the shuffle instead of making the list.
WEFT_INLINE bool KgwKey::is_green(std::span<const Token> seeds, Token token, std::size_t vocab) const {
  TorchRandom random(seed(seeds));
  const std::size_t green = greenlist_size(vocab);
  auto at = static_cast<std::size_t>(token);
  for (std::size_t i = 0; i < green; ++i) {
    const std::size_t other = i + random.below(static_cast<std::uint32_t>(vocab - i));
    if (other == at) return true;  // swapped to place i, which no later swap touches
    if (i == at) at = other;
  }
  return false;
}

}  // namespace detail

WEFT_INLINE void WatermarkKgw::operator()(std::span<float> logits, std::span<const Token> history) {
  const std::size_t width = key.context_width();
  if (history.size() < width) return;
  const float bias = key.options().bias;
  if (!key.self_hash()) {
    key.greenlist(history.back(), logits.size(), permutation);
    for (std::size_t i = 0; i < key.greenlist_size(logits.size()); ++i) logits[permutation[i]] += bias;
    return;
  }
  for (const auto& r : greatest.find(logits, candidates)) {
    const auto before = history.last(width - 1);
    window.assign(before.begin(), before.end());
    window.push_back(r.id);
    if (key.is_green(window, r.id, logits.size())) logits[static_cast<std::size_t>(r.id)] += bias;
  }
}

WEFT_INLINE WatermarkEvidence detect_watermark_kgw(std::span<const Token> text, std::size_t vocab,
                                                   const KgwOptions& options, bool count_repeats) {
  const detail::KgwKey key(options);
  for (const Token id : text)
    if (id < 0 || static_cast<std::size_t>(id) >= vocab)
      fail(ErrorKind::argument, "watermark: token ", id, " in a text of a vocabulary of ", vocab, " tokens");
  const double expected = options.greenlist_ratio;
  // n-grams of context and token; self hash counts the token in its context
  const std::size_t n = key.context_width() + (key.self_hash() ? 0 : 1);
  if (text.size() < n) return detail::evidence_of(0, 0, expected);
  std::vector<std::size_t> starts(text.size() - n + 1);
  std::iota(starts.begin(), starts.end(), std::size_t{0});
  const auto gram = [&](std::size_t start) { return text.subspan(start, n); };
  const auto less = [&](std::size_t a, std::size_t b) {
    return std::lexicographical_compare(gram(a).begin(), gram(a).end(), gram(b).begin(), gram(b).end());
  };
  std::sort(starts.begin(), starts.end(), less);
  std::size_t scored = 0, marked = 0;
  for (std::size_t i = 0; i < starts.size();) {
    std::size_t end = i + 1;
    while (end < starts.size() && !less(starts[i], starts[end])) ++end;
    const auto tokens = gram(starts[i]);
    const std::size_t times = count_repeats ? end - i : 1;
    const bool green = key.is_green(key.self_hash() ? tokens : tokens.first(n - 1), tokens.back(), vocab);
    scored += times;
    marked += green ? times : 0;
    i = end;
  }
  return detail::evidence_of(scored, marked, expected);
}

}  // namespace weft
