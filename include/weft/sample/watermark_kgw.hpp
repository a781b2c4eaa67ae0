// The watermark of Kirchenbauer, Geiping, Wen et al.: a keyed hash of the last tokens picks a green list, whose logits rise.
#pragma once

#include <vector>

#include "weft/core/config.hpp"
#include "weft/core/ref.hpp"
#include "weft/sample/select.hpp"
#include "weft/sample/step.hpp"
#include "weft/sample/watermark_evidence.hpp"

namespace weft {

struct KgwOptions {
  enum class Seeding {
    left_hash,  ///< the green list follows from the token before
    self_hash   ///< a token is green by the last context_width tokens, itself included
  };
  double greenlist_ratio = 0.25;        ///< share of green tokens, inside (0, 1)
  float bias = 2;                       ///< added to green logits
  std::int64_t hashing_key = 15485863;  ///< the secret: 1 to 2^31 - 1
  Seeding seeding_scheme = Seeding::left_hash;
  std::int64_t context_width = 1;  ///< at least 1
};

namespace detail {

/// Which tokens are green after which; to the bit those of Hugging Face's WatermarkLogitsProcessor on a CPU.
class KgwKey {
 public:
  explicit KgwKey(const KgwOptions& options);

  [[nodiscard]] const KgwOptions& options() const noexcept { return options_; }
  [[nodiscard]] std::size_t context_width() const noexcept { return static_cast<std::size_t>(options_.context_width); }
  [[nodiscard]] bool self_hash() const noexcept { return options_.seeding_scheme == KgwOptions::Seeding::self_hash; }
  /// How many of `vocab` tokens are green.
  [[nodiscard]] std::size_t greenlist_size(std::size_t vocab) const noexcept {
    return static_cast<std::size_t>(static_cast<double>(vocab) * options_.greenlist_ratio);
  }
  /// Left hash: the ids of the green list after `before`, into `permutation` (its first greenlist_size(vocab)).
  void greenlist(Token before, std::size_t vocab, std::vector<std::uint32_t>& permutation) const;
  /// Whether the token is green; seeds: what the hash reads (left hash: the token before; self hash: the last
  /// context_width tokens, this one included).
  [[nodiscard]] bool is_green(std::span<const Token> seeds, Token token, std::size_t vocab) const;

 private:
  struct Table : RefCounted {
    std::vector<std::uint32_t> values{};  // a permutation of 0 to 1,000,002
  };
  [[nodiscard]] std::uint64_t seed(std::span<const Token> seeds) const;

  KgwOptions options_;
  Ref<Table> table_{};  // self hash alone has one
};

}  // namespace detail

struct WatermarkKgw : Narrowing {
  static constexpr bool runs_apart = true;
  static constexpr bool follows_history = true;
  detail::KgwKey key;
  std::vector<std::uint32_t> permutation{};
  detail::Greatest greatest{};
  std::vector<Token> window{};

  static constexpr std::size_t candidates = 40;  ///< as in Hugging Face: self hash marks the so many best tokens alone

  explicit WatermarkKgw(const KgwOptions& options) : key(options) {}
  void prepare(std::size_t vocab, std::size_t) {
    permutation.reserve(key.self_hash() ? 0 : vocab);
    greatest.reserve(vocab, candidates);
    window.reserve(key.context_width());
  }
  void operator()(std::span<float> logits, std::span<const Token> history);
};

/// Adds `bias` to the logits of the green tokens: those that a text with this key will have too many of. Left hash: the whole
/// list; self hash: what is green among the 40 most likely tokens. Without context_width tokens of history: nothing.
/// Throws weft::Error(argument) for options out of range. O(vocab); self hash draws 40 times greenlist_ratio vocab
/// random numbers a step. Source: Kirchenbauer et al. 2023, arXiv:2301.10226 and arXiv:2306.04634;
/// WatermarkLogitsProcessor of transformers, whose green lists these are.
inline WatermarkKgw watermark_kgw(const KgwOptions& options = {}) { return WatermarkKgw(options); }

/// Counts the green tokens of a text (without its prompt and BOS) of a model with `vocab` tokens. Runs of context and
/// token that occur again are not counted twice, which keeps the trials independent, unless count_repeats.
/// Throws weft::Error(argument) for options out of range and for ids outside the vocabulary. O(greenlist_ratio vocab) a token.
/// Source: as watermark_kgw(); WatermarkDetector of transformers, whose z-score this is (ignore_repeated_ngrams).
WatermarkEvidence detect_watermark_kgw(std::span<const Token> text, std::size_t vocab, const KgwOptions& options = {},
                                       bool count_repeats = false);

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/sample/watermark_kgw.ipp"
#endif
