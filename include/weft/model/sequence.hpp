// Sequence<Backend>: a text in the making. Extend it, fork it, rewind it, score with it: every strategy is these four verbs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/core/ref.hpp"
#include "weft/core/tensor.hpp"
#include "weft/model/model.hpp"
#include "weft/model/page_pool.hpp"

namespace weft {

struct SequenceOptions {
  KvType kv_type = KvType::f16;   ///< precision of keys and values
  std::int64_t context = 0;       ///< most positions; 0: the model's context length
  std::size_t kv_bytes = std::numeric_limits<std::size_t>::max();  ///< budget for the pages of this sequence and all its forks
};

struct AppendOptions {
  std::stop_token cancel{};  ///< looked at once a layer; Error(cancelled) leaves the sequence as it was
};

struct Options;  // of decode/, which is built on this room and which a call of Sequence::run includes

namespace detail {

/// decode's run(), found by its arguments: this room knows nothing of strategies.
template <class S, class Strategy>
auto run_strategy(S&& sequence, const Strategy& strategy, const Options& options) {
  return run(std::forward<S>(sequence), strategy, options);
}

/// [vocab] logits after a token. Shared like the state.
struct Logits : RefCounted {
  explicit Logits(std::size_t vocab) : values(vocab) {}
  std::vector<float> values;
};

/// All that a continuation depends on. Shared by forks until one of them writes.
struct SequenceState : RefCounted {
  std::vector<Ref<Page>> pages;
  std::vector<std::byte*> addresses;  ///< of the pages, as a pass wants them
  std::vector<Token> tokens;
  Ref<Logits> logits;  ///< after the last token; null after a rewind
};

/// Throws Error(argument) for a layer that the model does not have; 0 is the embedding.
void check_layers(const AnyModel& model, std::span<const std::int64_t> layers);

struct SavedSequence;

}  // namespace detail

/// What all sequences offer, whatever the backend of their model.
class AnySequence {
 public:
  AnySequence(AnySequence&&) noexcept;
  AnySequence& operator=(AnySequence&&) noexcept;

  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] std::span<const Token> tokens() const noexcept;
  /// Positions this sequence may hold.
  [[nodiscard]] std::size_t capacity() const noexcept { return static_cast<std::size_t>(options_.context); }
  [[nodiscard]] KvType kv_type() const noexcept { return options_.kv_type; }
  /// Pages of this sequence and its forks: bytes in use, peak, budget.
  [[nodiscard]] const PagePool& pages() const noexcept { return *pool_; }

  /// Runs the model over tokens. Throws Error(argument) for an id outside the vocabulary, Error(resource) when the context or the
  /// KV budget is full, Error(cancelled); the sequence is then as it was.
  void append(std::span<const Token> tokens, const AppendOptions& options = {});
  void append(std::initializer_list<Token> tokens, const AppendOptions& options = {}) {
    append(std::span<const Token>(tokens.begin(), tokens.size()), options);
  }
  /// Appends text as a user typed it: nothing in it becomes a control token. A first text gets the BOS the model asks for.
  void append(std::string_view text, const AppendOptions& options = {});

  /// append, and the hidden states it went through: [layers, positions, width]. layers: 0 is the embedding, the number of
  /// layers the output of the final norm, as Hugging Face counts; positions: indices into tokens.
  Tensor<float, 3> append_hidden(std::span<const Token> tokens, std::span<const std::int64_t> layers,
                                 std::span<const std::int64_t> positions, const AppendOptions& options = {});

  /// append, and the logits after every token before the last: [tokens - 1, vocab]; those after the last are logits(). The bits are
  /// those of appending one by one. Throws Error(shape) where `earlier` has another size.
  void append_with_logits(std::span<const Token> tokens, std::span<float> earlier, const AppendOptions& options = {});

  /// [vocab] logits for the next token; valid until this sequence changes. After a rewind the last token is run again (the
  /// bits are those of the first time): that is a change, so then no other thread may use this sequence meanwhile. Throws
  /// Error(argument) on an empty sequence.
  [[nodiscard]] std::span<const float> logits() const;

  /// Forgets all tokens from `length` on. Throws Error(argument) when the sequence is shorter. O(pages freed).
  void rewind(std::size_t length);

  /// log p(tokens[i] | this sequence, tokens[0..i)) for each i: one pass, nothing kept. Throws Error(argument) when empty.
  [[nodiscard]] std::vector<float> score(std::span<const Token> tokens, std::stop_token cancel = {}) const;

  /// Takes pages and memory for `positions` positions in all, so that appending up to there allocates nothing. Throws
  /// Error(resource) when the budget or the context is smaller.
  void reserve(std::size_t positions);

  /// Writes all state to a file from which Model::restore() makes a sequence that goes on with the same bits: options, tokens, keys and
  /// values, logits. `beside`: further bytes to be kept with it. What stood at the path is replaced when the file is complete, not
  /// before. Not saved: what reserve() asked for. Throws Error(file). O(size), about the bytes of the pages. Format: saved_sequence.hpp.
  void save(const std::string& path, std::span<const std::byte> beside = {}) const;

 protected:
  AnySequence(const AnyModel& model, const SequenceOptions& options);
  AnySequence(const AnyModel& model, const std::string& path, std::vector<std::byte>* beside);  // restored
  AnySequence(const AnySequence& other);  // a fork
  ~AnySequence();
  AnySequence& operator=(const AnySequence&) = delete;

  const AnyModel* model_;

 private:
  template <class B>
  friend class Batch;
  template <class B>
  friend class PrefixCache;
  template <class B>
  friend class Server;

  AnySequence(const AnyModel& model, detail::SavedSequence&& saved, std::vector<std::byte>* beside);
  static std::size_t pages_for(std::size_t positions) noexcept;
  [[noreturn]] void context_full(std::size_t wanted) const;
  void check_ids(std::span<const Token> tokens) const;
  /// Throws Error(shape) unless so many floats are the logits after all of so many tokens but the last.
  void check_earlier(std::size_t tokens, std::size_t floats) const;
  void reserve_vectors(detail::SequenceState& state) const;
  void add_page(detail::SequenceState& state) const;
  /// Makes the state ours alone, keeping `length` positions when it has to be copied: page references, not pages.
  void own(std::size_t length);
  /// Checks the limits and makes the pages of the next `count` positions ours, copying what is shared.
  void make_room(std::size_t count);
  /// Makes the pages from the end of the text to position `positions` ours, copying what is shared. The state is ours.
  void own_pages(std::size_t positions);
  detail::PassItem pass_item(std::span<const Token> tokens);
  void commit(std::span<const Token> tokens);
  /// earlier_logits: [tokens - 1, vocab], or null.
  void append_with(std::span<const Token> tokens, std::span<const nn::Tap> taps, float* earlier_logits, std::stop_token cancel);
  void recompute_logits();
  /// Of an empty sequence: takes over tokens whose keys and values lie in these pages.
  void adopt(std::span<const Token> tokens, std::vector<Ref<Page>> pages);
  /// The pages of the first `length` positions.
  [[nodiscard]] std::span<const Ref<Page>> held_pages(std::size_t length) const noexcept;

  SequenceOptions options_;
  std::shared_ptr<PagePool> pool_;
  Ref<detail::SequenceState> state_;
  Ref<detail::Logits> next_logits_;  ///< where the next pass writes: the present logits stay until it has succeeded
  std::size_t reserved_ = 0;
};

template <class B>
class Batch;

/// A sequence over a model with backend B.
template <class B>
class Sequence : public AnySequence {
 public:
  using Backend = B;
  using ModelType = Model<B>;
  using BatchType = Batch<B>;

  /// An empty sequence. The model must outlive it. Throws Error(argument) when the context is not known or out of range.
  explicit Sequence(const Model<B>& model, const SequenceOptions& options = {}) : AnySequence(model, options) {}
  Sequence(Sequence&&) noexcept = default;
  Sequence& operator=(Sequence&&) noexcept = default;

  [[nodiscard]] const Model<B>& model() const noexcept { return static_cast<const Model<B>&>(*model_); }

  /// A sequence that goes on from here, independently. O(1): everything is shared until one of the two writes.
  [[nodiscard]] Sequence fork() const { return Sequence(*this); }

  /// Goes on by a strategy, a chain or a search, and extends this sequence by the tokens of the result: decode/generate.hpp.
  template <class Strategy>
  auto run(const Strategy& strategy, const Options& options) & {
    return detail::run_strategy(*this, strategy, options);
  }
  template <class Strategy>
  auto run(const Strategy& strategy, const Options& options) && {
    return detail::run_strategy(std::move(*this), strategy, options);
  }

 private:
  friend class Model<B>;
  Sequence(const Sequence&) = default;
  Sequence(const Model<B>& model, const std::string& path, std::vector<std::byte>* beside) : AnySequence(model, path, beside) {}
};

template <class B>
Sequence<B> Model<B>::restore(const std::string& path, std::vector<std::byte>* beside) const {
  return Sequence<B>(*this, path, beside);
}

/// An empty sequence of the model: what generate() and stream() start from.
template <class B>
Sequence<B> make_sequence(const Model<B>& model) {
  return Sequence<B>(model);
}

}  // namespace weft

#ifndef WEFT_COMPILED
#include "weft/model/saved_sequence.hpp"
#include "weft/model/sequence.ipp"
#endif

#ifndef WEFT_COMPILED
#include "weft/model/sequence.ipp"
#endif
