// Batch<Backend>: tokens for many sequences in one pass. Each gets the bits it would get alone.
#pragma once

#include <span>
#include <stop_token>
#include <vector>

#include "weft/core/error.hpp"
#include "weft/model/sequence.hpp"

namespace weft {

template <class B>
class Batch {
 public:
  explicit Batch(const Model<B>& model) : model_(&model) {}

  void clear() noexcept { entries_.clear(); }

  /// Queues tokens (not copied, and not the sequence's own) for a sequence of the same model; both must stay until run() has
  /// returned. Throws Error(argument) for another model's sequence, one that is queued already, or an id outside the vocabulary.
  /// taps: hidden states to be copied out, rows counted from the first of these tokens. earlier: where the logits after every token
  /// before the last go, [tokens - 1, vocab], or empty; throws Error(shape) for another size.
  void add(Sequence<B>& sequence, std::span<const Token> tokens, std::span<const nn::Tap> taps = {}, std::span<float> earlier = {}) {
    if (sequence.model_ != model_) fail(ErrorKind::argument, "a batch runs sequences of one model");
    for (const auto& entry : entries_)
      if (entry.sequence == &sequence) fail(ErrorKind::argument, "a sequence can be in a batch only once");
    sequence.check_ids(tokens);
    if (!earlier.empty()) sequence.check_earlier(tokens.size(), earlier.size());
    if (!tokens.empty()) entries_.push_back({&sequence, tokens, taps, earlier.empty() ? nullptr : earlier.data()});
  }

  /// Appends what was queued and clears the queue. All or nothing: on Error(resource, cancelled) every sequence is as it was.
  void run(std::stop_token cancel = {}) {
    const Clear clear{*this};
    items_.clear();
    items_.reserve(entries_.size());
    for (auto& entry : entries_) entry.sequence->make_room(entry.tokens.size());
    for (auto& entry : entries_) {
      items_.push_back(entry.sequence->pass_item(entry.tokens));
      items_.back().taps = entry.taps;
      items_.back().earlier_logits = entry.earlier;
    }
    model_->run(items_, cancel);
    for (auto& entry : entries_) entry.sequence->commit(entry.tokens);
  }

 private:
  struct Entry {
    Sequence<B>* sequence;
    std::span<const Token> tokens;
    std::span<const nn::Tap> taps;
    float* earlier;
  };
  struct Clear {
    Batch& batch;
    ~Clear() { batch.clear(); }
  };
  const Model<B>* model_;
  std::vector<Entry> entries_;
  std::vector<detail::PassItem> items_;
};

/// Appends tokens[i] to *sequences[i], in one pass. Errors as Batch::run: all or nothing.
template <class B>
void append_each(std::span<Sequence<B>* const> sequences, std::span<const Token> tokens, const std::stop_token& cancel = {}) {
  if (sequences.empty()) return;
  Batch<B> batch(sequences[0]->model());
  for (std::size_t i = 0; i < sequences.size(); ++i) batch.add(*sequences[i], tokens.subspan(i, 1));
  batch.run(cancel);
}

/// Appends texts[i] to *sequences[i], in one pass, and gives the logits after all of their tokens but the last: [tokens - 1, vocab] of each
/// text, one text after the other. Errors as Batch::run, and Error(shape) where `earlier` has another size.
template <class B>
void append_each_with_logits(std::span<Sequence<B>* const> sequences, std::span<const std::span<const Token>> texts, std::span<float> earlier,
                             const std::stop_token& cancel = {}) {
  if (sequences.empty()) return;
  const auto vocab = static_cast<std::size_t>(sequences[0]->model().vocab_size());
  std::size_t rows = 0;
  for (const auto& text : texts) rows += text.empty() ? 0 : text.size() - 1;
  if (earlier.size() != rows * vocab)
    fail(ErrorKind::shape, "logits after ", rows, " tokens of a vocabulary of ", vocab, " do not fit ", earlier.size(), " floats");
  Batch<B> batch(sequences[0]->model());
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const std::size_t floats = texts[i].empty() ? 0 : (texts[i].size() - 1) * vocab;
    batch.add(*sequences[i], texts[i], {}, earlier.first(floats));
    earlier = earlier.subspan(floats);
  }
  batch.run(cancel);
}

/// append_each, and the hidden states at the appended tokens: [layers, sequences, width]. layers: as for append_hidden().
template <class B>
Tensor<float, 3> append_each_hidden(std::span<Sequence<B>* const> sequences, std::span<const Token> tokens,
                                    std::span<const std::int64_t> layers, const std::stop_token& cancel = {}) {
  if (sequences.empty()) return {};
  const auto& model = sequences[0]->model();
  detail::check_layers(model, layers);
  const auto count = static_cast<std::int64_t>(sequences.size());
  Tensor<float, 3> hidden({static_cast<std::int64_t>(layers.size()), count, model.spec().width});
  std::vector<nn::Tap> taps;
  taps.reserve(sequences.size() * layers.size());
  Batch<B> batch(model);
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::size_t l = 0; l < layers.size(); ++l) taps.push_back({layers[l], 0, hidden[static_cast<std::int64_t>(l)][i].data()});
    batch.add(*sequences[static_cast<std::size_t>(i)], tokens.subspan(static_cast<std::size_t>(i), 1), {taps.data() + taps.size() - layers.size(), layers.size()});
  }
  batch.run(cancel);
  return hidden;
}

}  // namespace weft
