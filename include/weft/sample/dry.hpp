// DRY (don't repeat yourself): the longer the passage that a token would go on repeating, the less likely it becomes.
#pragma once

#include <cmath>

#include "weft/core/error.hpp"
#include "weft/sample/ngram_index.hpp"
#include "weft/sample/sequence_bias.hpp"

namespace weft {

struct DryOptions {
  float multiplier = 0.8f;                     ///< of the penalty; 0: off
  float base = 1.75f;                          ///< growth of the penalty per repeated token, at least 1
  std::int64_t allowed_length = 2;             ///< repeats shorter than this cost nothing
  std::int64_t range = -1;                     ///< how many of the last tokens are looked at; -1: all
  std::vector<std::vector<Token>> breakers{};  ///< token runs that no repeat reaches across; see dry_breakers.hpp
};

class Dry : public Narrowing {
 public:
  static constexpr bool runs_apart = true;
  static constexpr bool follows_history = true;
  explicit Dry(const DryOptions& options);

  void prepare(std::size_t, std::size_t positions) {
    runs_.prepare(positions);
    lengths_.reserve(positions + 1);
    live_.reserve(positions);
    live_before_.reserve(positions);
    worst_.reserve(positions);
  }
  void operator()(std::span<float> logits, const StepContext& context);

 private:
  struct Repeat {  // a token that would go on with a repeat, and its length
    Token token;
    std::size_t length;
  };

  [[nodiscard]] bool is_single_breaker(Token id) const {
    return std::binary_search(single_breakers_.begin(), single_breakers_.end(), id);
  }
  void follow(const StepContext& context);
  void note_breakers(std::span<const Token> text);
  void collect(std::span<const Token> history);

  DryOptions options_;
  std::vector<Token> single_breakers_{};             // sorted: tokens that are never penalised
  detail::SequenceEnds breakers_{};                  // the longer ones
  detail::NgramIndex runs_;                          // of allowed_length tokens
  std::vector<std::uint32_t> lengths_{};             // [place]: of the match that ends there, where live
  std::vector<std::size_t> live_{}, live_before_{};  // places, latest first, where the end of the text occurred before
  std::vector<Repeat> worst_{};                      // scratch
  bool broken_ = false;                              // a breaker occurred: from break_head_ to before break_end_
  std::size_t break_head_ = 0, break_end_ = 0;
};

/// Subtracts multiplier base^(L - allowed_length) from the logit of each token that followed an earlier occurrence of the
/// text's last L >= allowed_length tokens; L is the longest such match, within the last `range` tokens and not across a
/// breaker. Tokens that are breakers by themselves are spared. Throws weft::Error(argument) for a multiplier below 0, a
/// base below 1, a negative length, a range below -1 and an empty breaker. O(new tokens times occurrences of the
/// text's last allowed_length tokens) a step: it does not grow with what is not repeated.
/// Source: llama.cpp's DRY, after p-e-w 2024 (text-generation-webui #5677).
Dry dry(const DryOptions& options = {});

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/sample/dry.ipp"
#endif
