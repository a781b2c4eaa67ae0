// One sequence decoded token by token with a sampler: what stream(), generate() and run() have in common.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "weft/decode/recording.hpp"
#include "weft/decode/saved_generation.hpp"

namespace weft::detail {

/// A sampler whatever its type, so that what follows is compiled once for a sequence. One virtual call a token costs nothing.
class AnySampler {
 public:
  virtual ~AnySampler() = default;
  virtual void prepare(std::size_t vocab, std::size_t positions) = 0;
  [[nodiscard]] virtual bool has_steps() const noexcept = 0;
  [[nodiscard]] virtual bool runs_apart() const noexcept = 0;
  /// whole: somebody else than choose() will look at the logits.
  virtual void process(std::span<float> logits, const StepContext& context, bool whole) = 0;
  [[nodiscard]] virtual Choice choose(std::span<const float> logits, const StepContext& context) = 0;
  virtual void save(StateWriter& out) const = 0;
  virtual void load(StateReader& in) = 0;
};

template <class Sampler>
class SamplerOf final : public AnySampler {
 public:
  explicit SamplerOf(Sampler sampler) : sampler_(std::move(sampler)) {}
  void prepare(std::size_t vocab, std::size_t positions) override { sampler_.prepare(vocab, positions); }
  [[nodiscard]] bool has_steps() const noexcept override { return Sampler::has_steps; }
  [[nodiscard]] bool runs_apart() const noexcept override { return RunsApart<Sampler>; }
  void process(std::span<float> logits, const StepContext& context, bool whole) override { sampler_.process(logits, context, whole); }
  [[nodiscard]] Choice choose(std::span<const float> logits, const StepContext& context) override { return sampler_.choose(logits, context); }
  void save(StateWriter& out) const override { sampler_.save(out); }
  void load(StateReader& in) override { sampler_.load(in); }

 private:
  Sampler sampler_;
};

template <class Strategy>
std::unique_ptr<AnySampler> any_sampler(const Strategy& strategy) {
  return std::make_unique<SamplerOf<decltype(as_sampler(strategy))>>(as_sampler(strategy));
}

/// Where a generation has its logits from: a pass for each token. A source that runs ahead: decode/speculative.hpp.
struct PassPerToken {
  template <class S>
  void prepare(const S&, std::size_t) {}
  /// Adds a token to the text. left: how many more may follow it.
  template <class S>
  void append(S& sequence, Token token, std::size_t, const std::stop_token& cancel, Stats& stats) {
    sequence.append(std::span<const Token>(&token, 1), {.cancel = cancel});
    ++stats.passes;
  }
  /// The text, and the logits after it.
  template <class S>
  [[nodiscard]] std::span<const Token> tokens(const S& sequence) const { return sequence.tokens(); }
  template <class S>
  [[nodiscard]] std::span<const float> logits(const S& sequence) const { return sequence.logits(); }
  /// Takes back what the sequence holds beyond the text.
  template <class S>
  void settle(S&) {}
};

template <DecodableSequence S, class Source = PassPerToken>
class Generation {
 public:
  /// Goes on from a sequence of the caller's, which must outlive this.
  Generation(S& sequence, std::unique_ptr<AnySampler> sampler, const Options& options, Source source = {});
  /// Owns the sequence; the prompt is run with the first step.
  Generation(S&& sequence, std::vector<Token> prompt, std::unique_ptr<AnySampler> sampler, const Options& options, Source source = {});
  /// Goes on where another one was saved: the sequence and the state as they were then, and a new sampler of the same kind.
  Generation(S&& sequence, SavedGeneration saved, std::unique_ptr<AnySampler> sampler);
  Generation(Generation&&) noexcept;
  Generation& operator=(Generation&&) = delete;
  ~Generation();

  /// Makes the next piece; false at the end. room: where steps change the logits, for a moment; lanes that share one keep less in the caches.
  bool advance(std::vector<float>& room);
  bool advance() { return advance(processed_); }

  [[nodiscard]] const Piece& piece() const noexcept { return recording_.piece(); }
  /// Hands the piece to whoever wants to be called.
  void tell() const {
    if (options().on_piece) options().on_piece(piece());
  }
  [[nodiscard]] S& sequence() noexcept { return borrowed_ ? *borrowed_ : *owned_; }
  [[nodiscard]] bool borrows() const noexcept { return borrowed_ != nullptr; }
  [[nodiscard]] bool over() const noexcept { return recording_.ended(); }

  /// Whether the next advance() is a choice alone, without a pass, that may be made while others make theirs: it calls nothing of the
  /// caller's, before or after.
  [[nodiscard]] bool chooses_apart() const noexcept {
    return sampler_->runs_apart() && !options().on_piece && (begun_ ? !pending_ : prompt_.empty());
  }

  /// Appends the token that was chosen last, so that the sequence stands where the pieces do.
  void settle();
  /// The token that waits to be appended, or null. Whoever appends it, in a pass over many sequences, says so by settled().
  [[nodiscard]] const Token* waiting() const noexcept { return pending_ ? &last_ : nullptr; }
  void settled() noexcept {
    pending_ = false;
    ++recording_.stats().passes;
  }

  /// The result so far.
  const Result& result() { return recording_.result(); }

  /// Writes the sequence and all that the next tokens depend on. Throws Error(unsupported) that names a step which cannot be saved.
  void save(const std::string& path);

 private:
  struct NotOwned {
    void operator()(S*) const noexcept {}
  };

  [[nodiscard]] const Options& options() const noexcept { return recording_.options(); }

  void reserve() { reserve(recording_.limits().prompt + recording_.limits().new_tokens); }
  void reserve(std::size_t positions);

  bool settle_cancellable();

  void choose(std::vector<float>& room);

  // a pointer that forgets when it is moved from, so that the default moves are right
  std::unique_ptr<S, NotOwned> borrowed_;
  std::optional<S> owned_;
  std::unique_ptr<AnySampler> sampler_;
  Source source_;
  std::vector<Token> prompt_;
  Recording<TokenizerOf<S>> recording_;
  std::vector<float> processed_;  // of its own, if it is lent no other room
  std::size_t unchanged_ = 0;
  Token last_ = 0;
  bool pending_ = false, begun_ = false;
};

// Defined out of the class, and so not inline: what an explicit instantiation holds is not compiled again.
template <DecodableSequence S, class Source>
Generation<S, Source>::Generation(Generation&&) noexcept = default;
template <DecodableSequence S, class Source>
Generation<S, Source>::~Generation() = default;

template <DecodableSequence S, class Source>
Generation<S, Source>::Generation(S& sequence, std::unique_ptr<AnySampler> sampler, const Options& options, Source source)
    : borrowed_(&sequence), sampler_(std::move(sampler)), source_(std::move(source)), recording_(sequence, 0, options) {
  reserve();
}

template <DecodableSequence S, class Source>
Generation<S, Source>::Generation(S&& sequence, std::vector<Token> prompt, std::unique_ptr<AnySampler> sampler, const Options& options, Source source)
    : owned_(std::move(sequence)), sampler_(std::move(sampler)), source_(std::move(source)), prompt_(std::move(prompt)),
      recording_(*owned_, prompt_.size(), options) {
  reserve();
}

template <DecodableSequence S, class Source>
Generation<S, Source>::Generation(S&& sequence, SavedGeneration saved, std::unique_ptr<AnySampler> sampler)
    : owned_(std::move(sequence)), sampler_(std::move(sampler)), prompt_(std::move(saved.prompt)),
      recording_(*owned_, saved.prompt_length - owned_->size(), std::move(saved.options)), unchanged_(saved.unchanged),
      pending_(saved.pending), begun_(saved.begun) {
  constexpr std::size_t ahead = 4096;  // what is reserved: a limit in a file is not believed
  const std::size_t positions = recording_.limits().prompt + std::min(recording_.limits().new_tokens, saved.result.tokens.size() + ahead);
  reserve(std::max(positions, owned_->size()));
  if (!saved.result.tokens.empty()) last_ = saved.result.tokens.back();
  StateReader state(saved.sampler, saved.source);
  sampler_->load(state);
  state.expect_end();
  if (!recording_.replay(saved.result)) state.broken("what was generated does not fit its options");
}

template <DecodableSequence S, class Source>
bool Generation<S, Source>::advance(std::vector<float>& room) {
  if (over()) return false;
  const double begin = seconds_now();
  const bool first = !begun_;
  begun_ = true;
  auto& stats = recording_.stats();
  const bool ready = first ? prefill(sequence(), std::span<const Token>(prompt_), options(), stats) : settle_cancellable();
  if (!ready || options().cancel.stop_requested()) {
    source_.settle(sequence());
    return recording_.end_cancelled();
  }
  if (recording_.at_limit()) {  // no tokens were asked for
    recording_.end(recording_.limits().reason_at_limit());
    return false;
  }
  choose(room);
  if (first)
    stats.time_to_first_token = seconds_now() - begin;
  else
    stats.decode_seconds += seconds_now() - begin;
  return true;
}

template <DecodableSequence S, class Source>
void Generation<S, Source>::settle() {
  if (pending_) source_.append(sequence(), last_, 0, {}, recording_.stats());
  pending_ = false;
  source_.settle(sequence());
}

template <DecodableSequence S, class Source>
void Generation<S, Source>::save(const std::string& path) {
  source_.settle(sequence());
  StateWriter state;
  sampler_->save(state);
  save_generation<S>(sequence(), {recording_.options(), recording_.limits().prompt, begun_ ? std::vector<Token>() : prompt_, recording_.unfinished(),
                                  begun_, pending_, unchanged_, {state.bytes().begin(), state.bytes().end()}, {}}, path);
}

template <DecodableSequence S, class Source>
void Generation<S, Source>::reserve(std::size_t positions) {
  const auto vocab = static_cast<std::size_t>(sequence().model().vocab_size());
  sequence().reserve(positions);
  source_.prepare(sequence(), positions);
  sampler_->prepare(vocab, positions);
  if (sampler_->has_steps()) processed_.reserve(vocab);
}

template <DecodableSequence S, class Source>
bool Generation<S, Source>::settle_cancellable() {
  if (!pending_) return true;
  const bool done = unless_cancelled(options().cancel, [&] {
    source_.append(sequence(), last_, recording_.limits().new_tokens - recording_.size(), options().cancel, recording_.stats());
  });
  if (done) pending_ = false;
  return done;
}

template <DecodableSequence S, class Source>
void Generation<S, Source>::choose(std::vector<float>& room) {
  const std::span<const float> raw = source_.logits(sequence());
  const auto context = recording_.context(source_.tokens(sequence()), unchanged_);
  Choice choice;
  float raw_logprob = 0;
  if (sampler_->has_steps()) {
    const LogSum raw_sum = normaliser(raw);
    room.assign(raw.begin(), raw.end());
    sampler_->process(room, context, options().logprobs > 0);
    choice = sampler_->choose(room, context);
    raw_logprob = raw_sum.of(raw[static_cast<std::size_t>(choice.token)]);
    recording_.alternatives(raw, raw_sum, &room);
  } else {
    choice = sampler_->choose(raw, context);
    raw_logprob = choice.logprob;
    if (options().logprobs > 0) recording_.alternatives(raw, normaliser(raw), nullptr);
  }
  unchanged_ = context.history.size();
  last_ = choice.token;
  pending_ = true;
  recording_.record(choice, raw_logprob);
}

}  // namespace weft::detail
