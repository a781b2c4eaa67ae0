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
  void add(Sequence<B>& sequence, std::span<const Token> tokens) {
    if (sequence.model_ != model_) fail(ErrorKind::argument, "a batch runs sequences of one model");
    for (const auto& entry : entries_)
      if (entry.sequence == &sequence) fail(ErrorKind::argument, "a sequence can be in a batch only once");
    sequence.check_ids(tokens);
    if (!tokens.empty()) entries_.push_back({&sequence, tokens});
  }

  /// Appends what was queued and clears the queue. All or nothing: on Error(resource, cancelled) every sequence is as it was.
  void run(std::stop_token cancel = {}) {
    const Clear clear{*this};
    items_.clear();
    items_.reserve(entries_.size());
    for (auto& [sequence, tokens] : entries_) sequence->make_room(tokens.size());
    for (auto& [sequence, tokens] : entries_) items_.push_back(sequence->pass_item(tokens));
    model_->run(items_, cancel);
    for (auto& [sequence, tokens] : entries_) sequence->commit(tokens);
  }

 private:
  struct Entry {
    Sequence<B>* sequence;
    std::span<const Token> tokens;
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

}  // namespace weft
