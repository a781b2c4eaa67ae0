// Two sequences that grow by the same tokens and speak with one voice: what guidance and contrastive decoding are made of.
// A pair is itself a sequence, so every chain and every search runs on it.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "weft/core/error.hpp"
#include "weft/decode/concept.hpp"

namespace weft {

struct PairedAppendOptions {
  std::stop_token cancel{};
};

/// Combine: `void(std::span<const float> first, std::span<const float> second, std::vector<float>& out)`, from two logits
/// [vocab] to those of the pair (out has that size). Tokens, prompt, tokenizer and end tokens are those of the first.
template <DecodableSequence A, DecodableSequence B, class Combine>
class Paired {
 public:
  /// Throws weft::Error(argument) when the vocabularies differ in size.
  Paired(A first, B second, Combine combine) : first_(std::move(first)), second_(std::move(second)), combine_(std::move(combine)) {
    if (first_.model().vocab_size() != second_.model().vocab_size())
      fail(ErrorKind::argument, "two models that speak together need one vocabulary: one has ", first_.model().vocab_size(),
           " tokens, the other ", second_.model().vocab_size());
  }
  Paired(Paired&&) noexcept = default;
  Paired& operator=(Paired&&) noexcept = default;

  [[nodiscard]] decltype(auto) model() const { return first_.model(); }
  [[nodiscard]] std::span<const Token> tokens() const { return first_.tokens(); }
  [[nodiscard]] std::size_t size() const { return first_.size(); }
  /// What both have room for.
  [[nodiscard]] std::size_t capacity() const {
    return std::min(first_.capacity(), first_.size() + (second_.capacity() - second_.size()));
  }
  [[nodiscard]] const A& first() const noexcept { return first_; }
  [[nodiscard]] const B& second() const noexcept { return second_; }

  /// Appends to both; both or neither.
  void append(std::span<const Token> tokens, const PairedAppendOptions& options = {}) {
    if (tokens.size() == 1) {
      Paired* const self = this;
      return append_each(std::span<Paired* const>(&self, 1), tokens, options.cancel);
    }
    const auto before = first_.size();
    first_.append(tokens, {.cancel = options.cancel});
    try {
      second_.append(tokens, {.cancel = options.cancel});
    } catch (...) {
      first_.rewind(before);
      throw;
    }
    combined_ = false;
  }

  /// append, and the pair's logits after every token before the last: [tokens - 1, vocab].
  void append_with_logits(std::span<const Token> tokens, std::span<float> earlier, const PairedAppendOptions& options = {})
    requires(VerifyingSequence<A> && VerifyingSequence<B>)
  {
    const auto before = first_.size();
    const auto vocab = static_cast<std::size_t>(model().vocab_size());
    std::vector<float> others(earlier.size()), both(vocab);
    first_.append_with_logits(tokens, earlier, {.cancel = options.cancel});
    try {
      second_.append_with_logits(tokens, others, {.cancel = options.cancel});
    } catch (...) {
      first_.rewind(before);
      throw;
    }
    for (std::size_t at = 0; at < earlier.size(); at += vocab) {
      const auto row = earlier.subspan(at, vocab);
      combine_(std::span<const float>(row), std::span<const float>(others).subspan(at, vocab), both);
      std::copy(both.begin(), both.end(), row.begin());
    }
    combined_ = false;
  }

  /// [vocab] of the pair; valid until this sequence changes.
  [[nodiscard]] std::span<const float> logits() const {
    if (!combined_) {
      const std::span<const float> first = first_.logits();
      logits_.resize(first.size());
      combine_(first, std::span<const float>(second_.logits()), logits_);
      combined_ = true;
    }
    return logits_;
  }

  [[nodiscard]] Paired fork() const {
    Paired made(first_.fork(), second_.fork(), combine_);
    return made;
  }
  /// Throws weft::Error(argument) for a length at which the second sequence did not exist.
  void rewind(std::size_t length) {
    const auto back = length < size() ? size() - length : 0;
    if (back > second_.size())
      fail(ErrorKind::argument, "cannot rewind a pair by ", back, " tokens: its second sequence has ", second_.size());
    first_.rewind(length);
    second_.rewind(second_.size() - back);
    combined_ = combined_ && back == 0;
  }
  void reserve(std::size_t positions) {
    const auto more = positions > size() ? positions - size() : 0;
    first_.reserve(positions);
    second_.reserve(second_.size() + more);
    logits_.reserve(static_cast<std::size_t>(model().vocab_size()));
  }

  /// Appends tokens[i] to both sequences of *pairs[i]: in one pass where both are of one model, in two otherwise.
  friend void append_each(std::span<Paired* const> pairs, std::span<const Token> tokens, const std::stop_token& cancel) {
    std::vector<A*> firsts;
    std::vector<B*> seconds;
    for (auto* pair : pairs) {
      firsts.push_back(&pair->first_);
      seconds.push_back(&pair->second_);
      pair->combined_ = false;
    }
    if constexpr (std::same_as<A, B>) {
      if (!pairs.empty() && &pairs[0]->first_.model() == &pairs[0]->second_.model()) {
        firsts.insert(firsts.end(), seconds.begin(), seconds.end());
        std::vector<Token> twice(tokens.begin(), tokens.end());
        twice.insert(twice.end(), tokens.begin(), tokens.end());
        return detail::append_to_each(std::span<A* const>(firsts), std::span<const Token>(twice), cancel);
      }
    }
    detail::append_to_each(std::span<A* const>(firsts), tokens, cancel);
    try {
      detail::append_to_each(std::span<B* const>(seconds), tokens, cancel);
    } catch (...) {
      for (auto* first : firsts) first->rewind(first->size() - 1);
      throw;
    }
  }

 private:
  A first_;
  B second_;
  Combine combine_;
  mutable std::vector<float> logits_;
  mutable bool combined_ = false;
};

}  // namespace weft
