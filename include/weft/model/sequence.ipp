// Definitions of model/sequence.hpp.
#pragma once

#include <algorithm>
#include <cstring>
#include <functional>

#include "weft/core/error.hpp"
#include "weft/core/log_prob.hpp"
#include "weft/model/sequence.hpp"

namespace weft {

WEFT_INLINE void detail::check_layers(const AnyModel& model, std::span<const std::int64_t> layers) {
  for (const auto layer : layers)
    if (layer < 0 || layer > static_cast<std::int64_t>(model.spec().layers.size()))
      fail(ErrorKind::argument, "hidden states of layer ", layer, ": the model has layers 0 to ", model.spec().layers.size());
}

WEFT_INLINE AnySequence::AnySequence(const AnyModel& model, const SequenceOptions& options) : model_(&model), options_(options) {
  if (options_.context < 0) fail(ErrorKind::argument, "SequenceOptions::context is ", options_.context, ": expected 0 (the model's context length) or more");
  if (options_.context == 0) options_.context = model.context_length();
  if (options_.context <= 0)
    fail(ErrorKind::argument, model.source(), ": context_length is not given by the file; set SequenceOptions::context");
  if (model.spec().learned_positions && options_.context > model.context_length())
    fail(ErrorKind::argument, "a context of ", options_.context, " positions: the model has learned only ", model.context_length());
  pool_ = std::make_shared<PagePool>(model.kv_heap(options_.kv_type), options_.kv_bytes);
  state_ = make_ref<detail::SequenceState>();
}

// Logits that a pass is to write are not shared.
WEFT_INLINE AnySequence::AnySequence(const AnySequence& other)
    : model_(other.model_), options_(other.options_), pool_(other.pool_), state_(other.state_), reserved_(other.reserved_) {}

WEFT_INLINE AnySequence::AnySequence(AnySequence&&) noexcept = default;
WEFT_INLINE AnySequence& AnySequence::operator=(AnySequence&&) noexcept = default;
WEFT_INLINE AnySequence::~AnySequence() = default;

WEFT_INLINE std::size_t AnySequence::size() const noexcept { return state_->tokens.size(); }
WEFT_INLINE std::span<const Token> AnySequence::tokens() const noexcept { return state_->tokens; }

WEFT_INLINE void AnySequence::append(std::span<const Token> tokens, const AppendOptions& options) { append_with(tokens, {}, nullptr, options.cancel); }

WEFT_INLINE void AnySequence::append(std::string_view text, const AppendOptions& options) {
  append(empty() ? model_->tokenizer().encode_prompt(text) : model_->tokenizer().encode(text), options);
}

WEFT_INLINE Tensor<float, 3> AnySequence::append_hidden(std::span<const Token> tokens, std::span<const std::int64_t> layers,
                               std::span<const std::int64_t> positions, const AppendOptions& options) {
  Tensor<float, 3> hidden({static_cast<std::int64_t>(layers.size()), static_cast<std::int64_t>(positions.size()), model_->spec().width});
  std::vector<nn::Tap> taps;
  detail::check_layers(*model_, layers);
  for (std::size_t l = 0; l < layers.size(); ++l)
    for (std::size_t p = 0; p < positions.size(); ++p) {
      if (positions[p] < 0 || positions[p] >= static_cast<std::int64_t>(tokens.size()))
        fail(ErrorKind::argument, "hidden states of position ", positions[p], " of ", tokens.size(), " tokens");
      taps.push_back({layers[l], positions[p], hidden[static_cast<std::int64_t>(l)][static_cast<std::int64_t>(p)].data()});
    }
  append_with(tokens, taps, nullptr, options.cancel);
  return hidden;
}

WEFT_INLINE void AnySequence::append_with_logits(std::span<const Token> tokens, std::span<float> earlier, const AppendOptions& options) {
  check_earlier(tokens.size(), earlier.size());
  append_with(tokens, {}, earlier.empty() ? nullptr : earlier.data(), options.cancel);
}

WEFT_INLINE std::span<const float> AnySequence::logits() const {
  if (empty()) fail(ErrorKind::argument, "an empty sequence has no logits: append a token first");
  if (!state_->logits) const_cast<AnySequence*>(this)->recompute_logits();
  return state_->logits->values;
}

WEFT_INLINE void AnySequence::rewind(std::size_t length) {
  if (length > size()) fail(ErrorKind::argument, "cannot rewind to ", length, " tokens: the sequence has ", size());
  if (length == size()) return;
  own(length);
  state_->tokens.resize(length);
  if (!next_logits_) next_logits_ = std::move(state_->logits);  // the next pass need not make its own
  state_->logits = {};
  const auto keep = std::max(pages_for(length), pages_for(reserved_));
  if (state_->pages.size() > keep) state_->pages.resize(keep), state_->addresses.resize(keep);
}

WEFT_INLINE std::vector<float> AnySequence::score(std::span<const Token> tokens, std::stop_token cancel) const {
  std::vector<float> scores;
  if (tokens.empty()) return scores;
  check_ids(tokens);
  scores.reserve(tokens.size());
  scores.push_back(static_cast<float>(log_prob(logits(), static_cast<std::size_t>(tokens[0]))));
  AnySequence scratch(*this);
  const auto rest = tokens.first(tokens.size() - 1);
  if (rest.empty()) return scores;
  scratch.make_room(rest.size());
  auto item = scratch.pass_item(rest);
  item.last_logits = nullptr;
  item.every_logits = [&](std::int64_t i, std::span<const float> logits) {
    scores.push_back(static_cast<float>(log_prob(logits, static_cast<std::size_t>(tokens[static_cast<std::size_t>(i) + 1]))));
  };
  model_->run({&item, 1}, cancel);
  return scores;
}

WEFT_INLINE void AnySequence::reserve(std::size_t positions) {
  if (positions > capacity()) context_full(positions);
  own(size());
  reserved_ = std::max(reserved_, positions);
  reserve_vectors(*state_);
  next_logits_ = make_ref<detail::Logits>(static_cast<std::size_t>(model_->vocab_size()));
  own_pages(positions);  // also what is shared and would be copied by the next append
}

WEFT_INLINE std::size_t AnySequence::pages_for(std::size_t positions) noexcept {
  return (positions + static_cast<std::size_t>(page_positions) - 1) / static_cast<std::size_t>(page_positions);
}

WEFT_INLINE void AnySequence::context_full(std::size_t wanted) const {
  fail(ErrorKind::resource, "the context is full: ", wanted, " positions are needed, the limit is ", capacity(),
       "; shorten the text, rewind, or raise SequenceOptions::context");
}

WEFT_INLINE void AnySequence::check_ids(std::span<const Token> tokens) const {
  for (const auto token : tokens)
    if (token < 0 || token >= model_->vocab_size())
      fail(ErrorKind::argument, "token ", token, " is outside the vocabulary of ", model_->vocab_size());
}

WEFT_INLINE void AnySequence::check_earlier(std::size_t tokens, std::size_t floats) const {
  const std::size_t rows = tokens == 0 ? 0 : tokens - 1;
  if (floats != rows * static_cast<std::size_t>(model_->vocab_size()))
    fail(ErrorKind::shape, "logits after ", rows, " tokens of a vocabulary of ", model_->vocab_size(), " do not fit ", floats, " floats");
}

WEFT_INLINE void AnySequence::reserve_vectors(detail::SequenceState& state) const {
  state.tokens.reserve(reserved_);
  state.pages.reserve(pages_for(reserved_));
  state.addresses.reserve(pages_for(reserved_));
}

WEFT_INLINE void AnySequence::add_page(detail::SequenceState& state) const {
  auto page = pool_->allocate();
  state.addresses.push_back(page->data);
  state.pages.push_back(std::move(page));
}

WEFT_INLINE void AnySequence::own(std::size_t length) {
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

WEFT_INLINE void AnySequence::make_room(std::size_t count) {
  const auto length = size();
  if (count > capacity() - length) context_full(length + count);
  own(length);
  own_pages(length + count);
  state_->tokens.reserve(length + count);
  if (!next_logits_.unique()) next_logits_ = make_ref<detail::Logits>(static_cast<std::size_t>(model_->vocab_size()));
}

WEFT_INLINE void AnySequence::own_pages(std::size_t positions) {
  auto& state = *state_;
  const auto length = size();
  for (std::size_t p = length / static_cast<std::size_t>(page_positions); p < pages_for(positions); ++p) {
    if (p == state.pages.size()) {
      add_page(state);
    } else if (!state.pages[p].unique()) {
      auto page = pool_->allocate();
      if (p * static_cast<std::size_t>(page_positions) < length) std::memcpy(page->data, state.pages[p]->data, pool_->page_bytes());
      state.addresses[p] = page->data;
      state.pages[p] = std::move(page);
    }
  }
}

WEFT_INLINE detail::PassItem AnySequence::pass_item(std::span<const Token> tokens) {
  detail::PassItem item;
  item.tokens = tokens;
  item.first = static_cast<std::int64_t>(size());
  item.pages = state_->addresses.data();
  item.room = static_cast<std::int64_t>(state_->addresses.size()) * page_positions;
  item.kv_type = options_.kv_type;
  item.last_logits = next_logits_->values.data();
  return item;
}

WEFT_INLINE void AnySequence::commit(std::span<const Token> tokens) {
  state_->tokens.insert(state_->tokens.end(), tokens.begin(), tokens.end());
  std::swap(state_->logits, next_logits_);
}

WEFT_INLINE void AnySequence::append_with(std::span<const Token> tokens, std::span<const nn::Tap> taps, float* earlier_logits, std::stop_token cancel) {
  if (tokens.empty()) return;
  check_ids(tokens);
  const auto& own_tokens = state_->tokens;
  if (std::less_equal<>{}(own_tokens.data(), tokens.data()) && std::less<>{}(tokens.data(), own_tokens.data() + own_tokens.size())) {
    const std::vector<Token> copy(tokens.begin(), tokens.end());  // they are about to move
    return append_with(copy, taps, earlier_logits, cancel);
  }
  make_room(tokens.size());
  auto item = pass_item(tokens);
  item.taps = taps;
  item.earlier_logits = earlier_logits;
  model_->run({&item, 1}, cancel);
  commit(tokens);
}

WEFT_INLINE void AnySequence::adopt(std::span<const Token> tokens, std::vector<Ref<Page>> pages) {
  own(0);
  auto& state = *state_;
  state.tokens.assign(tokens.begin(), tokens.end());
  state.pages = std::move(pages);
  state.addresses.clear();
  for (const auto& page : state.pages) state.addresses.push_back(page->data);
  state.logits = {};
}

WEFT_INLINE void AnySequence::recompute_logits() {
  const Token last = state_->tokens.back();
  rewind(size() - 1);
  append({last});
}

WEFT_INLINE std::span<const Ref<Page>> AnySequence::held_pages(std::size_t length) const noexcept {
  return std::span<const Ref<Page>>(state_->pages).first(pages_for(length));
}

}  // namespace weft
