// SynthID-Text: a watermark by tournament sampling. Keyed hashes of the last tokens give every candidate a bit for each of
// m layers; each layer moves probability to the candidates whose bit is 1.
#pragma once

#include <vector>

#include "weft/core/config.hpp"
#include "weft/core/ref.hpp"
#include "weft/sample/step.hpp"
#include "weft/sample/watermark_evidence.hpp"

namespace weft {

struct SynthIdOptions {
  std::vector<std::int64_t> keys{};          ///< the secret, one for each layer: at least one
  std::int64_t ngram_len = 5;                ///< tokens that are hashed, the new one included: at least 2
  std::int64_t context_history_size = 1024;  ///< a context among the last so many is not marked again
  std::int64_t sampling_table_size = 65536;
  std::uint64_t sampling_table_seed = 0;
  bool skip_first_ngram_calls = false;  ///< do not mark the first ngram_len - 1 tokens
};

namespace detail {

/// The hash and the bits ("g-values"); to the bit those of Hugging Face's SynthIDTextWatermarkLogitsProcessor.
class SynthIdKey {
 public:
  explicit SynthIdKey(const SynthIdOptions& options);

  [[nodiscard]] const SynthIdOptions& options() const noexcept { return options_; }
  [[nodiscard]] std::size_t depth() const noexcept { return options_.keys.size(); }
  [[nodiscard]] std::size_t context_length() const noexcept { return static_cast<std::size_t>(options_.ngram_len) - 1; }
  /// The hash of the tokens before place `end` of the text; tokens before its begin are 0.
  [[nodiscard]] std::uint64_t context_hash(std::span<const Token> text, std::size_t end) const noexcept;
  /// The hash of context and token, from which the bits of all layers follow.
  static std::uint64_t extended(std::uint64_t hash, std::int64_t token) noexcept {
    return (hash + static_cast<std::uint64_t>(token)) * 6364136223846793005u + 1;
  }
  [[nodiscard]] bool bit(std::uint64_t ngram_hash, std::size_t layer) const noexcept;
  /// Share of ones in the table: what a text without the key finds.
  [[nodiscard]] double share() const noexcept { return table_->share; }

 private:
  struct Table : RefCounted {
    std::vector<std::uint64_t> words{};  // 64 bits each
    double share = 0;
  };
  SynthIdOptions options_;
  Ref<Table> table_{};
};

}  // namespace detail

class WatermarkSynthId : public Narrowing {
 public:
  static constexpr bool runs_apart = true;
  static constexpr bool follows_history = true;
  explicit WatermarkSynthId(const SynthIdOptions& options) : key_(options) {}
  void prepare(std::size_t vocab, std::size_t positions) {
    contexts_.reserve(positions + 1);
    live_.reserve(vocab);
  }
  void operator()(std::span<float> logits, const StepContext& context);

 private:
  struct Candidate {
    std::size_t id;
    std::uint64_t hash;
    double probability;
    double one;  // its bit in the layer that is played
  };
  void mark(std::span<float> logits, std::uint64_t context_hash, const detail::Live* live);

  detail::SynthIdKey key_;
  std::vector<std::uint64_t> contexts_{};  // [generated]: hash of the context of each new token
  std::vector<Candidate> live_{};
};

/// Replaces logits by the log-probabilities after the tournament: for each layer p_i <- p_i (1 + g_i - sum_j g_j p_j), g_i the
/// bit of token i; excluded tokens stay so. The context is the last ngram_len - 1 generated tokens (before the first: 0);
/// one that occurred among the last context_history_size is left unmarked. Stands after truncation and temperature, before
/// draw(). Throws weft::Error(argument) for options out of range and NaN in the logits. O(candidates times layers).
/// Source: Dathathri et al. 2024, Nature 634, 818; SynthIDTextWatermarkLogitsProcessor of transformers.
inline WatermarkSynthId watermark_synthid(const SynthIdOptions& options) { return WatermarkSynthId(options); }

/// Counts the ones among the bits of a text (without its prompt), over all layers and all tokens from the ngram_len-th
/// on whose context is new. The z-score is that of the paper's mean score. Throws weft::Error(argument) for options out
/// of range. Source: as watermark_synthid(); SynthIDTextWatermarkDetector of transformers takes the same bits.
WatermarkEvidence detect_watermark_synthid(std::span<const Token> text, const SynthIdOptions& options);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/sample/watermark_synthid.ipp"
#endif
