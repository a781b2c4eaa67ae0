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
  /// taps: hidden states to be copied out, rows counted from the first of these tokens.
  void add(Sequence<B>& sequence, std::span<const Token> tokens, std::span<const nn::Tap> taps = {}) {
    if (sequence.model_ != model_) fail(ErrorKind::argument, "a batch runs sequences of one model");
    for (const auto& entry : entries_)
      if (entry.sequence == &sequence) fail(ErrorKind::argument, "a sequence can be in a batch only once");
    sequence.check_ids(tokens);
    if (!tokens.empty()) entries_.push_back({&sequence, tokens, taps});
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
    }
    model_->run(items_, cancel);
    for (auto& entry : entries_) entry.sequence->commit(entry.tokens);
  }

 private:
  struct Entry {
    Sequence<B>* sequence;
    std::span<const Token> tokens;
    std::span<const nn::Tap> taps;
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
    batch.add(*sequences[static_cast<std::size_t>(i)], tokens.subspan(static_cast<std::size_t>(i), 1), std::span(taps).last(layers.size()));
  }
  batch.run(cancel);
  return hidden;
}

}  // namespace weft
