// A toy with hidden states, of which its logits are a linear function; they are a hash of the last tokens. Where a test wants it, logits are
// changed by a function of the text: what a step does, done by the model.
#pragma once

#include <functional>

#include "support/toy_sequence.hpp"
#include "weft/core/tensor.hpp"

namespace weft::test {

struct HiddenToyModel : ToyModel {
  struct Spec {
    std::vector<int> layers{0, 0};  // two, of which only the last one's output is defined
    std::int64_t width = 8;
  };
  Spec hidden_spec{};
  std::function<void(std::span<float> logits, std::span<const Token> text)> alter{};

  [[nodiscard]] const Spec& spec() const { return hidden_spec; }
  /// [width], each in [-1, 1).
  [[nodiscard]] std::vector<float> hidden_after(std::span<const Token> tokens) const {
    std::uint64_t hash = seed;
    for (const Token t : tokens.last(std::min(tokens.size(), order))) hash = (hash ^ static_cast<std::uint64_t>(t + 1)) * 0x9E3779B97F4A7C15u;
    std::vector<float> h;
    for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(hidden_spec.width); ++i) h.push_back(static_cast<float>(2 * uniform(hash, 11, i) - 1));
    return h;
  }
  /// [rows, width] to [rows, vocab].
  [[nodiscard]] Tensor<float, 2> logits_of(TensorView<const float, 2> hidden) const {
    Tensor<float, 2> logits({hidden.shape()[0], vocab_size()});
    for (std::int64_t r = 0; r < hidden.shape()[0]; ++r)
      for (std::int64_t t = 0; t < vocab_size(); ++t)
        for (std::int64_t i = 0; i < hidden_spec.width; ++i)
          logits[r][t] += hidden[r][i] * spread * static_cast<float>(uniform(seed, 13, static_cast<std::uint64_t>(t * hidden_spec.width + i)) - 0.5);
    return logits;
  }
};

class HiddenToySequence {
 public:
  explicit HiddenToySequence(const HiddenToyModel& model) : model_(&model) {}

  void append(std::span<const Token> tokens, const ToyAppendOptions& options = {}) {
    if (options.cancel.stop_requested()) fail(ErrorKind::cancelled, "cancelled");
    tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
    logits_ = logits_after(tokens_.size());
    ++model_->passes;
  }
  void append_with_logits(std::span<const Token> tokens, std::span<float> earlier, const ToyAppendOptions& options = {}) {
    const std::size_t before = tokens_.size();
    append(tokens, options);
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i)
      std::ranges::copy(logits_after(before + i + 1), earlier.begin() + static_cast<std::ptrdiff_t>(i * logits_.size()));
  }
  Tensor<float, 3> append_hidden(std::span<const Token> tokens, std::span<const std::int64_t> layers, std::span<const std::int64_t> positions,
                                 const ToyAppendOptions& options = {}) {
    const std::size_t before = tokens_.size();
    append(tokens, options);
    Tensor<float, 3> hidden({static_cast<std::int64_t>(layers.size()), static_cast<std::int64_t>(positions.size()), model_->spec().width});
    for (std::size_t l = 0; l < layers.size(); ++l)
      for (std::size_t i = 0; i < positions.size(); ++i) {
        const auto end = before + static_cast<std::size_t>(positions[i]) + 1;
        std::ranges::copy(model_->hidden_after(std::span(tokens_).first(end)), hidden[static_cast<std::int64_t>(l)][static_cast<std::int64_t>(i)].data());
      }
    return hidden;
  }
  friend Tensor<float, 3> append_each_hidden(std::span<HiddenToySequence* const> sequences, std::span<const Token> tokens,
                                             std::span<const std::int64_t> layers, const std::stop_token& cancel) {
    if (sequences.empty()) return {};
    const auto width = sequences[0]->model_->spec().width;
    Tensor<float, 3> all({static_cast<std::int64_t>(layers.size()), static_cast<std::int64_t>(sequences.size()), width});
    const std::int64_t first = 0;
    for (std::size_t s = 0; s < sequences.size(); ++s) {
      const auto one = sequences[s]->append_hidden(tokens.subspan(s, 1), layers, std::span(&first, 1), {.cancel = cancel});
      for (std::int64_t l = 0; l < one.shape()[0]; ++l) std::copy_n(one[l].data(), width, all[l][static_cast<std::int64_t>(s)].data());
    }
    return all;
  }

  [[nodiscard]] std::span<const float> logits() const { return logits_; }
  [[nodiscard]] std::span<const Token> tokens() const { return tokens_; }
  [[nodiscard]] std::size_t size() const { return tokens_.size(); }
  [[nodiscard]] std::size_t capacity() const { return model_->context; }
  [[nodiscard]] HiddenToySequence fork() const { return *this; }
  void rewind(std::size_t n) {
    tokens_.resize(n);
    if (n > 0) logits_ = logits_after(n);
  }
  void reserve(std::size_t n) { tokens_.reserve(n); }
  [[nodiscard]] const HiddenToyModel& model() const { return *model_; }

 private:
  [[nodiscard]] std::vector<float> logits_after(std::size_t n) const {
    const auto text = std::span(tokens_).first(n);
    const auto hidden = model_->hidden_after(text);
    const auto row = model_->logits_of(TensorView<const float, 2>(hidden.data(), {1, model_->spec().width}));
    std::vector<float> logits(row.flat().begin(), row.flat().end());
    if (model_->alter) model_->alter(logits, text);
    return logits;
  }

  const HiddenToyModel* model_;
  std::vector<Token> tokens_;
  std::vector<float> logits_;
};

inline HiddenToySequence make_sequence(const HiddenToyModel& model) { return HiddenToySequence(model); }

/// A vocabulary of n tokens "<0>", "<1>" ...; the last is an end token.
inline HiddenToyModel numbered_hidden_toy(std::size_t n) {
  HiddenToyModel model;
  static_cast<ToyModel&>(model) = numbered_toy(n);
  return model;
}

}  // namespace weft::test
