// A sequence that counts what is run through the model, whatever the strategy: forks count together.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "weft/decode/concept.hpp"
#include "weft/model/sequence.hpp"

namespace example {

struct Work {
  std::size_t tokens = 0, passes = 0;
};

template <weft::HiddenSequence S>
class Counted {
 public:
  explicit Counted(S sequence) : sequence_(std::move(sequence)), work_(std::make_shared<Work>()) {}
  Counted(Counted&&) noexcept = default;
  Counted& operator=(Counted&&) noexcept = default;

  [[nodiscard]] decltype(auto) model() const { return sequence_.model(); }
  [[nodiscard]] std::span<const weft::Token> tokens() const { return sequence_.tokens(); }
  [[nodiscard]] std::size_t size() const { return sequence_.size(); }
  [[nodiscard]] std::size_t capacity() const { return sequence_.capacity(); }
  [[nodiscard]] std::span<const float> logits() const { return sequence_.logits(); }
  [[nodiscard]] Counted fork() const { return Counted(sequence_.fork(), work_); }
  void rewind(std::size_t length) { sequence_.rewind(length); }
  void reserve(std::size_t positions) { sequence_.reserve(positions); }
  /// Of this sequence and all that were forked from it, or it from.
  [[nodiscard]] const Work& work() const { return *work_; }

  void append(std::span<const weft::Token> tokens, const weft::AppendOptions& options = {}) {
    sequence_.append(tokens, options);
    count(tokens.size());
  }
  void append_with_logits(std::span<const weft::Token> tokens, std::span<float> earlier,
                          const weft::AppendOptions& options = {}) {
    sequence_.append_with_logits(tokens, earlier, options);
    count(tokens.size());
  }
  auto append_hidden(std::span<const weft::Token> tokens, std::span<const std::int64_t> layers,
                     std::span<const std::int64_t> positions, const weft::AppendOptions& options = {}) {
    auto hidden = sequence_.append_hidden(tokens, layers, positions, options);
    count(tokens.size());
    return hidden;
  }
  friend void append_each(std::span<Counted* const> sequences, std::span<const weft::Token> tokens,
                          const std::stop_token& cancel) {
    const auto inner = inner_of(sequences);
    append_each(std::span<S* const>(inner), tokens, cancel);
    if (!sequences.empty()) sequences[0]->count(tokens.size());
  }
  friend void append_each_with_logits(std::span<Counted* const> sequences,
                                      std::span<const std::span<const weft::Token>> texts, std::span<float> earlier,
                                      const std::stop_token& cancel) {
    const auto inner = inner_of(sequences);
    append_each_with_logits(std::span<S* const>(inner), texts, earlier, cancel);
    std::size_t tokens = 0;
    for (const auto text : texts) tokens += text.size();
    if (!sequences.empty()) sequences[0]->count(tokens);
  }
  friend auto append_each_hidden(std::span<Counted* const> sequences, std::span<const weft::Token> tokens,
                                 std::span<const std::int64_t> layers, const std::stop_token& cancel) {
    const auto inner = inner_of(sequences);
    auto hidden = append_each_hidden(std::span<S* const>(inner), tokens, layers, cancel);
    if (!sequences.empty()) sequences[0]->count(tokens.size());
    return hidden;
  }

 private:
  Counted(S sequence, std::shared_ptr<Work> work) : sequence_(std::move(sequence)), work_(std::move(work)) {}
  static std::vector<S*> inner_of(std::span<Counted* const> sequences) {
    std::vector<S*> inner;
    for (auto* s : sequences) inner.push_back(&s->sequence_);
    return inner;
  }
  void count(std::size_t tokens) {
    work_->tokens += tokens;
    ++work_->passes;
  }

  S sequence_;
  std::shared_ptr<Work> work_;
};

}  // namespace example
