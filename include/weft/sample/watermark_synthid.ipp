// Definitions of sample/watermark_synthid.hpp.
#pragma once

#include <algorithm>

#include "weft/core/error.hpp"
#include "weft/sample/softmax.hpp"
#include "weft/sample/torch_random.hpp"
#include "weft/sample/watermark_synthid.hpp"

namespace weft {
namespace detail {

WEFT_INLINE SynthIdKey::SynthIdKey(const SynthIdOptions& options) : options_(options) {
  if (options.keys.empty()) fail(ErrorKind::argument, "SynthID: no keys; expected one for each layer");
  if (options.ngram_len < 2 || options.ngram_len > 1000)
    fail(ErrorKind::argument, "SynthID: ngram_len ", options.ngram_len, "; expected 2 to 1000 tokens");
  if (options.context_history_size < 0 || options.sampling_table_size < 1 || options.sampling_table_size > (1 << 28))
    fail(ErrorKind::argument, "SynthID: context_history_size ", options.context_history_size, ", sampling_table_size ",
         options.sampling_table_size, "; expected at least 0, and 1 to 268435456");
  table_ = make_ref<Table>();
  const auto size = static_cast<std::size_t>(options.sampling_table_size);
  table_->words.resize(size / 64 + 1);
  TorchRandom random(options.sampling_table_seed);
  std::size_t ones = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint64_t bit = random.below(2);
    table_->words[i / 64] |= bit << (i % 64);
    ones += bit;
  }
  // a table of one kind says nothing; then the share is only kept inside (0, 1)
  const auto n = static_cast<double>(size);
  table_->share = std::min(1 - 0.5 / n, std::max(0.5 / n, static_cast<double>(ones) / n));
}

WEFT_INLINE std::uint64_t SynthIdKey::context_hash(std::span<const Token> text, std::size_t end) const noexcept {
  std::uint64_t hash = 1;
  for (std::size_t back = context_length(); back > 0; --back) hash = extended(hash, end >= back ? text[end - back] : 0);
  return hash;
}

WEFT_INLINE bool SynthIdKey::bit(std::uint64_t ngram_hash, std::size_t layer) const noexcept {
  const std::uint64_t hash = extended(ngram_hash, options_.keys[layer]);
  const auto size = options_.sampling_table_size;
  std::uint64_t at = hash & static_cast<std::uint64_t>(size - 1);
  if ((size & (size - 1)) != 0) {  // the remainder of a signed number that has the sign of the divisor
    const std::int64_t rest = static_cast<std::int64_t>(hash) % size;
    at = static_cast<std::uint64_t>(rest < 0 ? rest + size : rest);
  }
  return (table_->words[at / 64] >> (at % 64) & 1) != 0;
}

/// Whether hashes[at] is among the `size` hashes before it, from `begin` on.
WEFT_INLINE bool is_repeated(std::span<const std::uint64_t> hashes, std::size_t begin, std::size_t at,
                             std::size_t size) {
  const std::size_t first = std::max(begin, at - std::min(at, size));
  const auto range = hashes.subspan(first, at - first);
  return std::find(range.begin(), range.end(), hashes[at]) != range.end();
}

}  // namespace detail

WEFT_INLINE void WatermarkSynthId::operator()(std::span<float> logits, const StepContext& context) {
  const auto text = context.history.subspan(context.prompt_length);
  const std::size_t here = text.size();
  const std::size_t valid = context.unchanged < context.prompt_length ? 0 : context.unchanged - context.prompt_length;
  if (contexts_.size() > valid + 1) contexts_.resize(valid + 1);
  while (contexts_.size() <= here) contexts_.push_back(key_.context_hash(text, contexts_.size()));
  const std::size_t skipped = key_.options().skip_first_ngram_calls ? key_.context_length() : 0;
  if (here < skipped) return;
  const auto remembered = static_cast<std::size_t>(key_.options().context_history_size);
  if (!detail::is_repeated(contexts_, skipped, here, remembered)) mark(logits, contexts_[here], context.live);
}

WEFT_INLINE void WatermarkSynthId::mark(std::span<float> logits, std::uint64_t context_hash, const detail::Live* live) {
  const float max = detail::greatest(logits, live);
  if (std::isinf(max)) return detail::exclude_below(logits, max);
  live_.clear();
  double sum = 0;
  const float below = detail::just_below(max - 87.0f);  // what is lower has no weight
  detail::for_each_above(logits, below, [&](std::size_t i) {
    const auto p = static_cast<double>(detail::exp_weight(logits[i], max));
    live_.push_back({i, detail::SynthIdKey::extended(context_hash, static_cast<std::int64_t>(i)), p, 0});
    sum += p;
  }, live);
  for (auto& c : live_) c.probability /= sum;
  for (std::size_t layer = 0; layer < key_.depth(); ++layer) {
    double ones = 0;
    for (auto& c : live_) {
      c.one = key_.bit(c.hash, layer) ? 1 : 0;
      ones += c.one * c.probability;
    }
    for (auto& c : live_) c.probability *= 1 + c.one - ones;
  }
  for (float& x : logits) x = detail::excluded;
  for (const auto& c : live_) logits[c.id] = static_cast<float>(std::log(std::max(0.0, c.probability)));
}

WEFT_INLINE WatermarkEvidence detect_watermark_synthid(std::span<const Token> text, const SynthIdOptions& options) {
  const detail::SynthIdKey key(options);
  std::vector<std::uint64_t> contexts;
  std::size_t scored = 0, marked = 0;
  for (std::size_t at = key.context_length(); at < text.size(); ++at) {
    contexts.push_back(key.context_hash(text, at));
    if (detail::is_repeated(contexts, 0, contexts.size() - 1, static_cast<std::size_t>(options.context_history_size)))
      continue;
    const std::uint64_t hash = detail::SynthIdKey::extended(contexts.back(), text[at]);
    for (std::size_t layer = 0; layer < key.depth(); ++layer) marked += key.bit(hash, layer);
    scored += key.depth();
  }
  return detail::evidence_of(scored, marked, key.share());
}

}  // namespace weft
