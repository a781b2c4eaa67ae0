// Text as it is written: a range that makes the next token when it is asked for one.
#pragma once

#include <iterator>
#include <string>
#include <string_view>

#include "weft/decode/generation.hpp"

namespace weft {

/// An input range of Pieces. It pulls: nothing runs between two steps, the caller keeps the control flow, and after
/// `break` a second loop goes on with the next token. A stream over a sequence of the caller's leaves it, when the
/// stream is destroyed, at the last token taken (which costs one pass); after a cancellation, or a pass that failed, the
/// last token may be missing from the sequence, never from the result. Movable; pieces in use are not.
template <DecodableSequence S, class Generation = detail::Generation<S>>
class TokenStream {
 public:
  class iterator {
   public:
    using value_type = Piece;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    iterator() = default;
    explicit iterator(TokenStream* stream) : stream_(stream) {}
    const Piece& operator*() const { return stream_->generation_.piece(); }
    const Piece* operator->() const { return &stream_->generation_.piece(); }
    iterator& operator++() {
      stream_->more_ = stream_->generation_.advance();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return !stream_->more_; }

   private:
    TokenStream* stream_ = nullptr;
  };

  template <class... Args>
  explicit TokenStream(std::in_place_t, Args&&... args) : generation_(std::forward<Args>(args)...) {}
  TokenStream(TokenStream&&) = default;
  TokenStream& operator=(TokenStream&&) = delete;
  ~TokenStream() {
    if (!generation_.borrows() || generation_.result().stop == StopReason::cancelled) return;
    try {
      generation_.settle();
    } catch (...) {  // a failed pass leaves the sequence valid, one token short; a destructor can say no more
    }
  }

  /// Makes the next token. The prompt is run by the first call. Throws weft::Error as the model and the chain do.
  iterator begin() {
    more_ = generation_.advance();
    return iterator(this);
  }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

  /// What there is so far: all of the text (also what is held back for a stop string), why it stopped, how fast it was.
  const Result& result() { return generation_.result(); }
  /// The sequence, standing at the last token taken (which costs a pass if that token was not run yet).
  S& sequence() {
    generation_.settle();
    return generation_.sequence();
  }
  /// The sequence of a stream that owns one, as it stands: without the last token if that was not run yet, with drafts that ran ahead. The
  /// stream has then ended; its result stays.
  S release() && { return std::move(generation_.sequence()); }

  /// Writes to a file what resume() goes on from: the sequence with its keys and values, what was generated, the state of the chain, and
  /// the options but for their functions and `cancel`. The stream may go on too. Throws Error(file), and Error(unsupported) for a step with
  /// state that it does not offer (LogitsStep) and for strategies that write in a way of their own.
  void save(const std::string& path) {
    if constexpr (requires { generation_.save(path); })
      generation_.save(path);
    else
      fail(ErrorKind::unsupported, "a stream of ", detail::type_name<Generation>(), " cannot be saved; save its sequence");
  }

 private:
  Generation generation_;
  bool more_ = false;
};

namespace detail {

template <class Model>
std::vector<Token> prompt_tokens(const Model& model, std::string_view text) {
  if (!model.has_tokenizer()) fail(ErrorKind::unsupported, "the model has no tokenizer: give the prompt as tokens");
  return model.tokenizer().encode_prompt(text);
}
template <class Model>
std::vector<Token> prompt_tokens(const Model&, std::span<const Token> tokens) {
  return {tokens.begin(), tokens.end()};
}

/// A prompt as text or as tokens.
template <class P>
concept Prompt = std::convertible_to<const P&, std::string_view> || std::convertible_to<const P&, std::span<const Token>>;

template <Prompt P>
auto prompt_view(const P& prompt) {
  if constexpr (std::convertible_to<const P&, std::string_view>)
    return std::string_view(prompt);
  else
    return std::span<const Token>(prompt);
}

}  // namespace detail

namespace detail {

/// The prompt's tokens as they follow what the sequence holds: BOS and the like only at the start of a text.
template <class S>
std::vector<Token> prompt_after(const S& sequence, std::string_view text) {
  return sequence.size() == 0 ? prompt_tokens(sequence.model(), text) : sequence.model().tokenizer().encode(text);
}
template <class S>
std::vector<Token> prompt_after(const S&, std::span<const Token> tokens) {
  return {tokens.begin(), tokens.end()};
}

}  // namespace detail

/// What streams: a chain that ends in a pick, or a strategy that writes token by token in a way of its own, by a nested template
/// `Generation<S>` with the interface of detail::Generation, made from the strategy in place of a sampler.
template <class T, class S>
concept StreamsTokens = PicksTokens<T> || requires { typename T::template Generation<S>; };

namespace detail {

template <class Strategy, class S>
struct GenerationFor {
  using type = typename Strategy::template Generation<S>;
};
template <PicksTokens Strategy, class S>
struct GenerationFor<Strategy, S> {
  using type = Generation<S>;
};
template <class Strategy, class S>
using StreamFor = TokenStream<S, typename GenerationFor<Strategy, S>::type>;

template <class Strategy>
auto streamed(const Strategy& strategy) {
  if constexpr (PicksTokens<Strategy>)
    return any_sampler(strategy);
  else
    return strategy;
}

/// What can go on from a file.
template <class Strategy, class S>
concept Resumes = StreamsTokens<Strategy, S> &&
                  std::constructible_from<typename GenerationFor<Strategy, S>::type, S, SavedGeneration, decltype(streamed(std::declval<const Strategy&>()))>;

}  // namespace detail

/// Streams a continuation of the prompt: for (const Piece& piece : stream(model, "Once", top_k(40) | draw())) ...
/// prompt: text (tokenised as the model's metadata says, BOS included) or tokens. strategy: argmax(), draw(), or steps
/// composed with `|` that end in one of them. The model must outlive the stream.
/// Throws weft::Error(argument) for an empty prompt, Error(resource) for one longer than the context.
template <DecodableModel Model, detail::Prompt P, class Strategy>
  requires StreamsTokens<Strategy, decltype(make_sequence(std::declval<const Model&>()))>
auto stream(const Model& model, const P& prompt, const Strategy& strategy, const Options& options = {}) {
  using Stream = detail::StreamFor<Strategy, decltype(make_sequence(model))>;
  return Stream(std::in_place, make_sequence(model), detail::prompt_tokens(model, detail::prompt_view(prompt)),
                detail::streamed(strategy), options);
}

/// Goes on with a stream that TokenStream::save() wrote, token for token and bit for bit as if there had been no break; a finished one is
/// finished. strategy: the same as then, newly made; its state comes from the file. The options are those of then, with this `cancel`.
/// Throws weft::Error as Model::restore(), and Error(format) where the file holds no stream, or one with another chain.
template <DecodableModel Model, class Strategy>
  requires detail::Resumes<Strategy, decltype(make_sequence(std::declval<const Model&>()))>
auto resume(const Model& model, const std::string& path, const Strategy& strategy, std::stop_token cancel = {}) {
  using S = decltype(make_sequence(model));
  std::vector<std::byte> beside;
  S sequence = model.restore(path, &beside);
  auto saved = detail::load_generation(beside, path, sequence.tokens(), sequence.capacity(), model.vocab_size());
  saved.options.cancel = std::move(cancel);
  return detail::StreamFor<Strategy, S>(std::in_place, std::move(sequence), std::move(saved), detail::streamed(strategy));
}

/// Streams a continuation of what the sequence holds. A sequence that is passed as a temporary (`chat.fork()`) is
/// owned by the stream; any other must outlive it, and is extended.
template <class S, class Strategy>
  requires(DecodableSequence<std::remove_cvref_t<S>> && StreamsTokens<Strategy, std::remove_cvref_t<S>>)
auto stream(S&& sequence, const Strategy& strategy, const Options& options = {}) {
  using Stream = detail::StreamFor<Strategy, std::remove_cvref_t<S>>;
  if constexpr (std::is_lvalue_reference_v<S>)
    return Stream(std::in_place, sequence, detail::streamed(strategy), options);
  else
    return Stream(std::in_place, std::move(sequence), std::vector<Token>(), detail::streamed(strategy), options);
}

/// Streams a continuation of the prompt after what the sequence holds; the stream owns the sequence. This is the form for a
/// sequence with options of its own: stream(Sequence(model, {.kv_type = KvType::f32}), "Once", argmax()).
template <class S, detail::Prompt P, class Strategy>
  requires(DecodableSequence<S> && !std::is_reference_v<S> && StreamsTokens<Strategy, S>)
auto stream(S&& sequence, const P& prompt, const Strategy& strategy, const Options& options = {}) {
  auto tokens = detail::prompt_after(sequence, detail::prompt_view(prompt));
  return detail::StreamFor<Strategy, S>(std::in_place, std::move(sequence), std::move(tokens), detail::streamed(strategy), options);
}

}  // namespace weft
