// Sequence<Backend>: a text in the making. Extend it, fork it, rewind it, score with it: every strategy is these four verbs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

#include "weft/core/log_prob.hpp"
#include "weft/core/tensor.hpp"
#include "weft/model/model.hpp"
#include "weft/model/page_pool.hpp"
#include "weft/model/pass_runner.hpp"

namespace weft {

struct SequenceOptions {
  KvType kv_type = KvType::f16;   ///< precision of keys and values
  std::int64_t context = 0;       ///< most positions; 0: the model's context length
  std::size_t kv_bytes = std::numeric_limits<std::size_t>::max();  ///< budget for the pages of this sequence and all its forks
};

struct AppendOptions {
  std::stop_token cancel{};  ///< looked at once a layer; Error(cancelled) leaves the sequence as it was
};

template <class B>
class Batch;
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

}  // namespace detail

template <class B>
class Sequence {
 public:
  using Backend = B;
  using ModelType = Model<B>;
  using BatchType = Batch<B>;

  /// An empty sequence. The model must outlive it. Throws Error(argument) when the context is not known or out of range.
  explicit Sequence(const Model<B>& model, const SequenceOptions& options = {}) : model_(&model), options_(options) {
    if (options_.context == 0) options_.context = model.context_length();
    if (options_.context <= 0)
      fail(ErrorKind::argument, model.source(), ": context_length is not given by the file; set SequenceOptions::context");
    if (model.spec().learned_positions && options_.context > model.context_length())
      fail(ErrorKind::argument, "a context of ", options_.context, " positions: the model has learned only ", model.context_length());
    pool_ = std::make_shared<PagePool>(model.kv_bytes_per_position(options_.kv_type) * static_cast<std::size_t>(page_positions),
                                       options_.kv_bytes);
    state_ = make_ref<detail::SequenceState>();
  }
  Sequence(Sequence&&) noexcept = default;
  Sequence& operator=(Sequence&&) noexcept = default;

  [[nodiscard]] const Model<B>& model() const noexcept { return *model_; }
  [[nodiscard]] std::size_t size() const noexcept { return state_->tokens.size(); }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] std::span<const Token> tokens() const noexcept { return state_->tokens; }
  /// Positions this sequence may hold.
  [[nodiscard]] std::size_t capacity() const noexcept { return static_cast<std::size_t>(options_.context); }
  [[nodiscard]] KvType kv_type() const noexcept { return options_.kv_type; }
  /// Pages of this sequence and its forks: bytes in use, peak, budget.
  [[nodiscard]] const PagePool& pages() const noexcept { return *pool_; }

  /// Runs the model over tokens. Throws Error(argument) for an id outside the vocabulary, Error(resource) when the context or the
  /// KV budget is full, Error(cancelled); the sequence is then as it was.
  void append(std::span<const Token> tokens, const AppendOptions& options = {}) { append_with_taps(tokens, {}, options.cancel); }
  void append(std::initializer_list<Token> tokens, const AppendOptions& options = {}) {
    append(std::span<const Token>(tokens.begin(), tokens.size()), options);
  }
  /// Appends text as a user typed it: nothing in it becomes a control token. A first text gets the BOS the model asks for.
  void append(std::string_view text, const AppendOptions& options = {}) {
    append(empty() ? model_->tokenizer().encode_prompt(text) : model_->tokenizer().encode(text), options);
  }

  /// append, and the hidden states it went through: [layers, positions, width]. layers: 0 is the embedding, the number of
  /// layers the output of the final norm, as Hugging Face counts; positions: indices into tokens.
  Tensor<float, 3> append_hidden(std::span<const Token> tokens, std::span<const std::int64_t> layers,
                                 std::span<const std::int64_t> positions, const AppendOptions& options = {}) {
    Tensor<float, 3> hidden({static_cast<std::int64_t>(layers.size()), static_cast<std::int64_t>(positions.size()), model_->spec().width});
    std::vector<nn::Tap> taps;
    for (std::size_t l = 0; l < layers.size(); ++l)
      for (std::size_t p = 0; p < positions.size(); ++p) {
        if (layers[l] < 0 || layers[l] > static_cast<std::int64_t>(model_->spec().layers.size()))
          fail(ErrorKind::argument, "hidden states of layer ", layers[l], ": the model has layers 0 to ", model_->spec().layers.size());
        if (positions[p] < 0 || positions[p] >= static_cast<std::int64_t>(tokens.size()))
          fail(ErrorKind::argument, "hidden states of position ", positions[p], " of ", tokens.size(), " tokens");
        taps.push_back({layers[l], positions[p], hidden[static_cast<std::int64_t>(l)][static_cast<std::int64_t>(p)].data()});
      }
    append_with_taps(tokens, taps, options.cancel);
    return hidden;
  }

  /// [vocab] logits for the next token; valid until this sequence changes. After a rewind the last token is run again (the
  /// bits are those of the first time): that is a change, so then no other thread may use this sequence meanwhile. Throws
  /// Error(argument) on an empty sequence.
  [[nodiscard]] std::span<const float> logits() const {
    if (empty()) fail(ErrorKind::argument, "an empty sequence has no logits: append a token first");
    if (!state_->logits) const_cast<Sequence*>(this)->recompute_logits();
    return state_->logits->values;
  }

  /// A sequence that goes on from here, independently. O(1): everything is shared until one of the two writes.
  [[nodiscard]] Sequence fork() const {
    Sequence copy(*this);
    copy.next_logits_ = {};
    return copy;
  }

  /// Forgets all tokens from `length` on. Throws Error(argument) when the sequence is shorter. O(pages freed).
  void rewind(std::size_t length) {
    if (length > size()) fail(ErrorKind::argument, "cannot rewind to ", length, " tokens: the sequence has ", size());
    if (length == size()) return;
    own(length);
    state_->tokens.resize(length);
    state_->logits = {};
    const auto keep = std::max(pages_for(length), pages_for(reserved_));
    if (state_->pages.size() > keep) state_->pages.resize(keep), state_->addresses.resize(keep);
  }

  /// log p(tokens[i] | this sequence, tokens[0..i)) for each i: one pass, nothing kept. Throws Error(argument) when empty.
  [[nodiscard]] std::vector<float> score(std::span<const Token> tokens, std::stop_token cancel = {}) const {
    std::vector<float> scores;
    if (tokens.empty()) return scores;
    check_ids(tokens);
    scores.reserve(tokens.size());
    scores.push_back(static_cast<float>(log_prob(logits(), static_cast<std::size_t>(tokens[0]))));
    Sequence scratch = fork();
    const auto rest = tokens.first(tokens.size() - 1);
    if (rest.empty()) return scores;
    scratch.make_room(rest.size());
    auto item = scratch.pass_item(rest);
    item.last_logits = nullptr;
    item.every_logits = [&](std::int64_t i, std::span<const float> logits) {
      scores.push_back(static_cast<float>(log_prob(logits, static_cast<std::size_t>(tokens[static_cast<std::size_t>(i) + 1]))));
    };
    detail::run_items<B>(*model_, {&item, 1}, cancel);
    return scores;
  }

  /// Goes on by a strategy, a chain or a search, and extends this sequence by the tokens of the result: decode/generate.hpp.
  template <class Strategy>
  auto run(const Strategy& strategy, const Options& options) & {
    return detail::run_strategy(*this, strategy, options);
  }
  template <class Strategy>
  auto run(const Strategy& strategy, const Options& options) && {
    return detail::run_strategy(std::move(*this), strategy, options);
  }

  /// Takes pages and memory for `positions` positions in all, so that appending up to there allocates nothing. Throws
  /// Error(resource) when the budget or the context is smaller.
  void reserve(std::size_t positions) {
    if (positions > capacity()) context_full(positions);
    own(size());
    reserved_ = std::max(reserved_, positions);
    reserve_vectors(*state_);
    next_logits_ = make_ref<detail::Logits>(static_cast<std::size_t>(model_->vocab_size()));
    while (state_->pages.size() < pages_for(positions)) add_page(*state_);
  }

 private:
  friend class Batch<B>;
  Sequence(const Sequence&) = default;

  static std::size_t pages_for(std::size_t positions) noexcept {
    return (positions + static_cast<std::size_t>(page_positions) - 1) / static_cast<std::size_t>(page_positions);
  }

  [[noreturn]] void context_full(std::size_t wanted) const {
    fail(ErrorKind::resource, "the context is full: ", wanted, " positions are needed, the limit is ", capacity(),
         "; shorten the text, rewind, or raise SequenceOptions::context");
  }

  void check_ids(std::span<const Token> tokens) const {
    for (const auto token : tokens)
      if (token < 0 || token >= model_->vocab_size())
        fail(ErrorKind::argument, "token ", token, " is outside the vocabulary of ", model_->vocab_size());
  }

  void reserve_vectors(detail::SequenceState& state) const {
    state.tokens.reserve(reserved_);
    state.pages.reserve(pages_for(reserved_));
    state.addresses.reserve(pages_for(reserved_));
  }

  void add_page(detail::SequenceState& state) const {
    auto page = pool_->allocate();
    state.addresses.push_back(page->data);
    state.pages.push_back(std::move(page));
  }

  /// Makes the state ours alone, keeping `length` positions when it has to be copied: page references, not pages.
  void own(std::size_t length) {
    if (state_.unique()) return;
    auto copy = make_ref<detail::SequenceState>();
    reserve_vectors(*copy);
    const auto pages = static_cast<std::ptrdiff_t>(pages_for(length));
    copy->tokens.assign(state_->tokens.begin(), state_->tokens.begin() + static_cast<std::ptrdiff_t>(length));
    copy->pages.assign(state_->pages.begin(), state_->pages.begin() + pages);
    copy->addresses.assign(state_->addresses.begin(), state_->addresses.begin() + pages);
    copy->logits = state_->logits;
    state_ = std::move(copy);
  }

  /// Checks the limits and makes the pages of the next `count` positions ours, copying what is shared.
  void make_room(std::size_t count) {
    const auto length = size();
    if (count > capacity() - length) context_full(length + count);
    own(length);
    auto& state = *state_;
    for (std::size_t p = length / static_cast<std::size_t>(page_positions); p < pages_for(length + count); ++p) {
      if (p == state.pages.size()) {
        add_page(state);
      } else if (!state.pages[p].unique()) {
        auto page = pool_->allocate();
        if (p * static_cast<std::size_t>(page_positions) < length) std::memcpy(page->data, state.pages[p]->data, pool_->page_bytes());
        state.addresses[p] = page->data;
        state.pages[p] = std::move(page);
      }
    }
    state.tokens.reserve(length + count);
    if (!next_logits_.unique()) next_logits_ = make_ref<detail::Logits>(static_cast<std::size_t>(model_->vocab_size()));
  }

  detail::PassItem pass_item(std::span<const Token> tokens) {
    detail::PassItem item;
    item.tokens = tokens;
    item.first = static_cast<std::int64_t>(size());
    item.pages = state_->addresses.data();
    item.kv_type = options_.kv_type;
    item.last_logits = next_logits_->values.data();
    return item;
  }

  void commit(std::span<const Token> tokens) {
    state_->tokens.insert(state_->tokens.end(), tokens.begin(), tokens.end());
    std::swap(state_->logits, next_logits_);
  }

  void append_with_taps(std::span<const Token> tokens, std::span<const nn::Tap> taps, std::stop_token cancel) {
    if (tokens.empty()) return;
    check_ids(tokens);
    const auto& own_tokens = state_->tokens;
    if (std::less_equal<>{}(own_tokens.data(), tokens.data()) && std::less<>{}(tokens.data(), own_tokens.data() + own_tokens.size())) {
      const std::vector<Token> copy(tokens.begin(), tokens.end());  // they are about to move
      return append_with_taps(copy, taps, cancel);
    }
    make_room(tokens.size());
    auto item = pass_item(tokens);
    item.taps = taps;
    detail::run_items<B>(*model_, {&item, 1}, cancel);
    commit(tokens);
  }

  void recompute_logits() {
    const Token last = state_->tokens.back();
    rewind(size() - 1);
    append({last});
  }

  const Model<B>* model_;
  SequenceOptions options_;
  std::shared_ptr<PagePool> pool_;
  Ref<detail::SequenceState> state_;
  Ref<detail::Logits> next_logits_;  ///< where the next pass writes: the present logits stay until it has succeeded
  std::size_t reserved_ = 0;
};

/// An empty sequence of the model: what generate() and stream() start from.
template <class B>
Sequence<B> make_sequence(const Model<B>& model) {
  return Sequence<B>(model);
}

}  // namespace weft
