// DoLa: contrasts the last layer with an earlier one, which knows the language but not yet the facts.
// Source: Chuang et al. 2024, "DoLa: decoding by contrasting layers", arXiv:2309.03883, equations 2 to 5.
#pragma once

#include <cmath>
#include <utility>
#include <vector>

#include "weft/core/tensor.hpp"
#include "weft/decode/contrastive_decoding.hpp"

namespace weft {

struct DolaOptions {
  /// Layers to contrast with, of which each step takes the one that differs most from the last; 0 is the embedding. Chuang et al.:
  /// every second one of the lower or of the upper half; of tied embeddings 0 says nothing.
  std::vector<std::int64_t> layers{};
  float plausibility = 0.1f;  ///< tokens less likely than this times the likeliest are excluded; in (0, 1]
};

struct DolaAppendOptions {
  std::stop_token cancel{};
};

/// A sequence whose logits are log p_last - log p_early: any strategy decodes it. Early layers go through the head without the final
/// norm, as in Hugging Face.
template <HiddenSequence S>
class Dola {
 public:
  Dola(S sequence, DolaOptions options) : sequence_(std::move(sequence)), options_(std::move(options)) {}
  Dola(Dola&&) noexcept = default;
  Dola& operator=(Dola&&) noexcept = default;

  [[nodiscard]] decltype(auto) model() const { return sequence_.model(); }
  [[nodiscard]] std::span<const Token> tokens() const { return sequence_.tokens(); }
  [[nodiscard]] std::size_t size() const { return sequence_.size(); }
  [[nodiscard]] std::size_t capacity() const { return sequence_.capacity(); }

  void append(std::span<const Token> tokens, const DolaAppendOptions& options = {}) {
    if (tokens.empty()) return;
    const std::int64_t last = static_cast<std::int64_t>(tokens.size()) - 1;
    const auto hidden = sequence_.append_hidden(tokens, options_.layers, std::span(&last, 1), {.cancel = options.cancel});
    take(model().logits_of(rows_of(hidden)), 0, 1);
  }

  /// [vocab]; valid until this sequence changes. After a rewind, or for what the sequence held before, the last token is run again.
  [[nodiscard]] std::span<const float> logits() const {
    if (early_.empty()) {
      S again = sequence_.fork();
      const Token last = std::span<const Token>(sequence_.tokens()).back();
      const std::int64_t first = 0;
      again.rewind(sequence_.size() - 1);
      const auto hidden = again.append_hidden(std::span(&last, 1), options_.layers, std::span(&first, 1));
      take(model().logits_of(rows_of(hidden)), 0, 1);
    }
    if (!contrasted_) contrast();
    return logits_;
  }

  [[nodiscard]] Dola fork() const {
    Dola made(sequence_.fork(), options_);
    made.early_ = early_;
    return made;
  }
  void rewind(std::size_t length) {
    if (length != size()) early_.clear(), contrasted_ = false;
    sequence_.rewind(length);
  }
  void reserve(std::size_t positions) { sequence_.reserve(positions); }

  /// One pass over all, and one through the head for all of their early layers. Throws weft::Error(argument) where these differ.
  friend void append_each(std::span<Dola* const> sequences, std::span<const Token> tokens, const std::stop_token& cancel) {
    if (sequences.empty()) return;
    const auto& layers = sequences[0]->options_.layers;
    std::vector<S*> inner;
    for (auto* s : sequences) {
      if (s->options_.layers != layers) fail(ErrorKind::argument, "sequences that go through one pass must contrast the same layers");
      inner.push_back(&s->sequence_);
    }
    const auto hidden = append_each_hidden(std::span<S* const>(inner), tokens, std::span<const std::int64_t>(layers), cancel);
    const auto logits = sequences[0]->model().logits_of(rows_of(hidden));
    for (std::size_t i = 0; i < sequences.size(); ++i) sequences[i]->take(logits, i, sequences.size());
  }

 private:
  static TensorView<const float, 2> rows_of(const Tensor<float, 3>& hidden) {
    return {hidden.data(), {hidden.shape()[0] * hidden.shape()[1], hidden.shape()[2]}};
  }
  /// Row l * count + index of each layer l is ours.
  void take(const Tensor<float, 2>& logits, std::size_t index, std::size_t count) const {
    early_.clear();
    for (std::size_t l = 0; l < options_.layers.size(); ++l) {
      const auto row = logits[static_cast<std::int64_t>(l * count + index)].flat();
      early_.insert(early_.end(), row.begin(), row.end());
    }
    contrasted_ = false;
  }

  /// The sum over the vocabulary of M (2 log M - log P - log Q), M = (P + Q) / 2: by how much two distributions differ.
  static double difference(std::span<const float> p_logits, std::span<const float> q_logits) {
    const auto p_sum = normaliser(p_logits), q_sum = normaliser(q_logits);
    double sum = 0;
    for (std::size_t i = 0; i < p_logits.size(); ++i) {
      const auto p = static_cast<double>(p_sum.of(p_logits[i])), q = static_cast<double>(q_sum.of(q_logits[i]));
      const double m = (std::exp(p) + std::exp(q)) / 2;
      if (m > 0) sum += m * (2 * std::log(m) - p - q);
    }
    return sum;
  }

  void contrast() const {
    const std::span<const float> last = sequence_.logits();
    const auto layer = [&](std::size_t l) { return std::span<const float>(early_).subspan(l * last.size(), last.size()); };
    std::size_t chosen = 0;
    double greatest = -HUGE_VAL;
    for (std::size_t l = 0; options_.layers.size() > 1 && l < options_.layers.size(); ++l) {
      const double d = difference(last, layer(l));
      if (d > greatest) greatest = d, chosen = l;
    }
    logits_.resize(last.size());
    Contrast how;
    how.plausibility = options_.plausibility;
    how(last, layer(chosen), logits_);
    contrasted_ = true;
  }

  S sequence_;
  DolaOptions options_;
  mutable std::vector<float> early_;  // [layers, vocab]; empty: not known
  mutable std::vector<float> logits_;
  mutable bool contrasted_ = false;
};

/// A sequence that contrasts its layers: generate(dola(std::move(prompt), {.layers = {14, 16}}), greedy(), options). A token costs a
/// pass, and its early layers one through the head. Throws weft::Error(argument) for no layers, one that is the last or that the model
/// does not have, or a plausibility out of range.
template <HiddenSequence S>
Dola<S> dola(S sequence, const DolaOptions& options) {
  if (options.layers.empty()) fail(ErrorKind::argument, "DoLa needs at least one early layer to contrast with");
  const auto last = static_cast<std::int64_t>(sequence.model().spec().layers.size());
  for (const auto layer : options.layers)
    if (layer < 0 || layer >= last) fail(ErrorKind::argument, "DoLa contrasts with layer ", layer, ": expected 0 to ", last - 1);
  Contrast range;
  range.plausibility = options.plausibility;
  detail::check(range);
  return {std::move(sequence), options};
}

}  // namespace weft
