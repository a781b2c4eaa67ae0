// What decoding needs of a sequence and of a model. Strategies are written against this alone: they never see a cache.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <type_traits>

#include "weft/core/token.hpp"

namespace weft {

/// A sequence that can be extended, forked and rewound. `append(tokens, {.cancel = stop_token})` runs one pass and
/// throws Error(cancelled), leaving the sequence as it was, when the token fires.
template <class S>
concept DecodableSequence = requires(S& s, const S& c, std::span<const Token> tokens, std::size_t n) {
  s.append(tokens);
  { c.logits() } -> std::convertible_to<std::span<const float>>;  // [vocab], for the next token
  { c.tokens() } -> std::convertible_to<std::span<const Token>>;
  { c.size() } -> std::convertible_to<std::size_t>;
  { c.fork() } -> std::same_as<S>;
  { c.capacity() } -> std::convertible_to<std::size_t>;  // positions it may hold
  s.rewind(n);
  s.reserve(n);  // room for n positions, so that appending allocates nothing
  c.model().vocab_size();
  { c.model().end_tokens() } -> std::convertible_to<std::span<const Token>>;
  { c.model().has_tokenizer() } -> std::convertible_to<bool>;
};

/// A sequence that also gives the hidden states it goes through: what DoLa and contrastive search look at.
template <class S>
concept HiddenSequence = DecodableSequence<S> && requires(S& s, const S& c, std::span<const Token> tokens, std::span<const std::int64_t> indices,
                                                          std::span<S* const> sequences, std::stop_token cancel) {
  s.append_hidden(tokens, indices, indices);                     // [layers, positions, width]
  append_each_hidden(sequences, tokens, indices, cancel);        // [layers, sequences, width], in one pass
  c.model().logits_of(append_each_hidden(sequences, tokens, indices, cancel)[0]);  // [rows, width] to [rows, vocab]
  c.model().spec().layers.size();
  c.model().spec().width;
};

/// A sequence that also gives the logits after each of several tokens, [tokens - 1, vocab] before those of logits(): drafts
/// are checked in one pass.
template <class S>
concept VerifyingSequence = DecodableSequence<S> && requires(S& s, std::span<const Token> tokens, std::span<float> earlier) {
  s.append_with_logits(tokens, earlier);
};

/// A model that generate(model, prompt, ...) and stream(model, prompt, ...) can start from: the function
/// `make_sequence(model)` is found beside its class and returns a new, empty sequence.
template <class M>
concept DecodableModel = requires(const M& model) {
  { make_sequence(model) } -> DecodableSequence;
};

namespace detail {

template <class S>
using TokenizerOf = std::remove_cvref_t<decltype(std::declval<const S&>().model().tokenizer())>;

/// Appends tokens[i] to *sequences[i], in one pass where `append_each` is found beside the sequence's class.
template <class S>
void append_to_each(std::span<S* const> sequences, std::span<const Token> tokens, const std::stop_token& cancel) {
  if constexpr (requires { append_each(sequences, tokens, cancel); }) {
    append_each(sequences, tokens, cancel);
  } else {
    for (std::size_t i = 0; i < sequences.size(); ++i) sequences[i]->append(tokens.subspan(i, 1), {.cancel = cancel});
  }
}

/// Appends texts[i] to *sequences[i], with the logits after all of their tokens but the last, [tokens - 1, vocab] of each text, one text
/// after the other: in one pass where `append_each_with_logits` is found beside the sequence's class. On an error the last sequence is as
/// it was; the others may not be.
template <class S>
void append_to_each_with_logits(std::span<S* const> sequences, std::span<const std::span<const Token>> texts, std::span<float> earlier,
                                const std::stop_token& cancel) {
  if constexpr (requires { append_each_with_logits(sequences, texts, earlier, cancel); }) {
    append_each_with_logits(sequences, texts, earlier, cancel);
  } else {
    const auto vocab = static_cast<std::size_t>(sequences[0]->model().vocab_size());
    for (std::size_t i = 0; i < sequences.size(); ++i) {
      const std::size_t floats = (texts[i].size() - 1) * vocab;
      sequences[i]->append_with_logits(texts[i], earlier.first(floats), {.cancel = cancel});
      earlier = earlier.subspan(floats);
    }
  }
}

}  // namespace detail
}  // namespace weft
