// One sequence decoded token by token with a sampler: what stream(), generate() and run() have in common.
#pragma once

#include <algorithm>
#include <memory>

#include "weft/core/clock.hpp"
#include "weft/decode/limits.hpp"
#include "weft/decode/options.hpp"
#include "weft/decode/text_output.hpp"
#include "weft/sample/pick.hpp"
#include "weft/sample/select.hpp"

namespace weft::detail {

/// Runs f; false if that ended in Error(cancelled). Other errors pass.
template <class F>
bool unless_cancelled(const std::stop_token& cancel, F&& f) {
  if (cancel.stop_requested()) return false;
  try {
    f();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::cancelled) throw;
    return false;
  }
  return true;
}

/// Appends the prompt; in parts when progress is wanted (the numbers are the same). False when cancelled.
template <DecodableSequence S>
bool prefill(S& sequence, std::span<const Token> prompt, const Options& options, Stats& stats) {
  constexpr std::size_t part = 256;  // wide enough for full speed, short enough for a bar that moves
  const double begin = seconds_now();
  bool whole = true;
  for (std::size_t done = 0; whole && done < prompt.size();) {
    const std::size_t n = options.on_prefill ? std::min(part, prompt.size() - done) : prompt.size();
    whole = unless_cancelled(options.cancel, [&] { sequence.append(prompt.subspan(done, n), {.cancel = options.cancel}); });
    if (!whole) break;
    done += n;
    stats.prefilled_tokens = done;
    if (options.on_prefill) options.on_prefill(done, prompt.size());
  }
  stats.prefill_seconds = seconds_now() - begin;
  if (stats.prefilled_tokens > 0) stats.prefill_tps = static_cast<double>(stats.prefilled_tokens) / stats.prefill_seconds;
  return whole;
}

/// Appends the n most likely tokens of the logits to `into`, padded to n; `best` is scratch.
inline void add_top(std::span<const float> logits, const LogSum& sum, std::size_t n, std::vector<Ranked>& best,
                    std::vector<Alternative>& into) {
  greatest_n(logits, n, best);
  for (const auto& r : best) into.push_back({r.id, sum.of(r.value)});
  for (std::size_t i = best.size(); i < n; ++i) into.push_back({-1, excluded});
}

/// A sampler whatever its type, so that what follows is compiled once for a sequence. One virtual call a token costs nothing.
class AnySampler {
 public:
  virtual ~AnySampler() = default;
  virtual void prepare(std::size_t vocab, std::size_t positions) = 0;
  [[nodiscard]] virtual bool has_steps() const noexcept = 0;
  virtual void process(std::span<float> logits, const StepContext& context) = 0;
  [[nodiscard]] virtual Choice choose(std::span<const float> logits, const StepContext& context) = 0;
};

template <class Sampler>
class SamplerOf final : public AnySampler {
 public:
  explicit SamplerOf(Sampler sampler) : sampler_(std::move(sampler)) {}
  void prepare(std::size_t vocab, std::size_t positions) override { sampler_.prepare(vocab, positions); }
  [[nodiscard]] bool has_steps() const noexcept override { return Sampler::has_steps; }
  void process(std::span<float> logits, const StepContext& context) override { sampler_.process(logits, context); }
  [[nodiscard]] Choice choose(std::span<const float> logits, const StepContext& context) override { return sampler_.choose(logits, context); }

 private:
  Sampler sampler_;
};

template <class Strategy>
std::unique_ptr<AnySampler> any_sampler(const Strategy& strategy) {
  return std::make_unique<SamplerOf<decltype(as_sampler(strategy))>>(as_sampler(strategy));
}

template <DecodableSequence S>
class Generation {
 public:
  /// Goes on from a sequence of the caller's, which must outlive this.
  Generation(S& sequence, std::unique_ptr<AnySampler> sampler, Options options)
      : borrowed_(&sequence), options_(std::move(options)), sampler_(std::move(sampler)), limits_(limits_of(sequence, 0, options_)),
        text_(sequence.model(), options_.stop, limits_.new_tokens) {
    reserve();
  }
  /// Owns the sequence; the prompt is run with the first step.
  Generation(S&& sequence, std::vector<Token> prompt, std::unique_ptr<AnySampler> sampler, Options options)
      : owned_(std::move(sequence)), options_(std::move(options)), sampler_(std::move(sampler)),
        prompt_(std::move(prompt)), limits_(limits_of(*owned_, prompt_.size(), options_)),
        text_(owned_->model(), options_.stop, limits_.new_tokens) {
    reserve();
  }
  Generation(Generation&&) noexcept;
  Generation& operator=(Generation&&) = delete;
  ~Generation();

  /// Makes the next piece; false at the end.
  bool advance() {
    if (phase_ == Phase::over) return false;
    const double begin = seconds_now();
    const bool first = phase_ == Phase::fresh;
    phase_ = Phase::going;
    const bool ready = first ? prefill(sequence(), std::span<const Token>(prompt_), options_, result_.stats) : settle_cancellable();
    if (!ready || options_.cancel.stop_requested()) return end_cancelled();
    if (result_.tokens.size() == limits_.new_tokens) {
      end(limits_.reason_at_limit());
      return false;
    }
    choose();
    auto& stats = result_.stats;
    if (first)
      stats.time_to_first_token = seconds_now() - begin;
    else
      stats.decode_seconds += seconds_now() - begin;
    stats.generated_tokens = result_.tokens.size();
    return true;
  }

  [[nodiscard]] const Piece& piece() const noexcept { return piece_; }
  [[nodiscard]] S& sequence() noexcept { return borrowed_ ? *borrowed_ : *owned_; }
  [[nodiscard]] bool borrows() const noexcept { return borrowed_ != nullptr; }

  /// Appends the token that was chosen last, so that the sequence stands where the pieces do.
  void settle() {
    if (!pending_) return;
    sequence().append(std::span<const Token>(&result_.tokens.back(), 1));
    pending_ = false;
  }

  /// The result so far.
  const Result& result() {
    result_.text = text_.text();
    auto& stats = result_.stats;
    if (stats.generated_tokens > 1 && stats.decode_seconds > 0)
      stats.decode_tps = static_cast<double>(stats.generated_tokens - 1) / stats.decode_seconds;
    return result_;
  }

 private:
  enum class Phase { fresh, going, over };
  struct NotOwned {
    void operator()(S*) const noexcept {}
  };

  void reserve() {
    const auto vocab = static_cast<std::size_t>(sequence().model().vocab_size());
    const std::size_t n = limits_.new_tokens;
    sequence().reserve(limits_.prompt + n);
    sampler_->prepare(vocab, limits_.prompt + n);
    if (sampler_->has_steps()) processed_.reserve(vocab);
    result_.top_n = std::min(static_cast<std::size_t>(options_.logprobs), vocab);
    result_.tokens.reserve(n);
    result_.logprobs.reserve(n);
    result_.raw_logprobs.reserve(n);
    result_.top.reserve(n * result_.top_n);
    result_.top_raw.reserve(n * result_.top_n);
    best_.reserve(2 * result_.top_n + 64);
    result_.stats.prompt_tokens = limits_.prompt;
  }

  bool settle_cancellable() {
    if (!pending_) return true;
    const bool done = unless_cancelled(options_.cancel, [&] {
      sequence().append(std::span<const Token>(&result_.tokens.back(), 1), {.cancel = options_.cancel});
    });
    if (done) pending_ = false;
    return done;
  }

  void choose() {
    const std::span<const float> raw = sequence().logits();
    StepContext context;
    context.history = sequence().tokens();
    context.prompt_length = limits_.prompt;
    context.end_tokens = limits_.end_tokens;
    context.unchanged = unchanged_;
    context.seed = options_.seed;
    context.branch = options_.branch;
    Choice choice;
    float raw_logprob = 0;
    if (sampler_->has_steps()) {
      const LogSum raw_sum = normaliser(raw);
      processed_.assign(raw.begin(), raw.end());
      sampler_->process(processed_, context);
      choice = sampler_->choose(processed_, context);
      raw_logprob = raw_sum.of(raw[static_cast<std::size_t>(choice.token)]);
      if (result_.top_n > 0) {
        add_top(raw, raw_sum, result_.top_n, best_, result_.top_raw);
        add_top(processed_, normaliser(processed_), result_.top_n, best_, result_.top);
      }
    } else {
      choice = sampler_->choose(raw, context);
      raw_logprob = choice.logprob;
      if (result_.top_n > 0) {
        add_top(raw, normaliser(raw), result_.top_n, best_, result_.top_raw);
        result_.top.insert(result_.top.end(), result_.top_raw.end() - static_cast<std::ptrdiff_t>(result_.top_n), result_.top_raw.end());
      }
    }
    unchanged_ = context.history.size();
    record(choice, raw_logprob);
  }

  void record(const Choice& choice, float raw_logprob) {
    result_.tokens.push_back(choice.token);
    result_.logprobs.push_back(choice.logprob);
    result_.raw_logprobs.push_back(raw_logprob);
    result_.score += static_cast<double>(raw_logprob);
    pending_ = true;
    auto reason = limits_.reason_of(choice.token);
    if (reason != StopReason::running)
      result_.stop_token = choice.token;
    else if (text_.push(choice.token))
      reason = StopReason::stop_string;
    else if (result_.tokens.size() == limits_.new_tokens)
      reason = limits_.reason_at_limit();
    if (reason != StopReason::running) end(reason);
    piece_ = Piece{choice.token, text_.take(), choice.logprob, raw_logprob, {}, {}};
    if (result_.top_n > 0) {
      piece_.top = result_.top_at(result_.tokens.size() - 1);
      piece_.top_raw = result_.top_raw_at(result_.tokens.size() - 1);
    }
  }

  void end(StopReason reason) {
    // a character that the last token left incomplete may, shown as U+FFFD, be what a stop string waited for
    if (reason != StopReason::stop_string && text_.finish()) reason = StopReason::stop_string;
    if (reason == StopReason::stop_string) result_.stop_string = text_.stop_string();
    result_.stop = reason;
    phase_ = Phase::over;
  }

  bool end_cancelled() {
    end(StopReason::cancelled);
    piece_ = Piece{-1, text_.take(), 0, 0, {}, {}};
    return !piece_.text.empty();
  }

  // a pointer that forgets when it is moved from, so that the default moves are right
  std::unique_ptr<S, NotOwned> borrowed_;
  std::optional<S> owned_;
  Options options_;
  std::unique_ptr<AnySampler> sampler_;
  std::vector<Token> prompt_;
  Limits limits_;
  TextOutput<TokenizerOf<S>> text_;
  Result result_;
  Piece piece_;
  std::vector<float> processed_;
  std::vector<Ranked> best_;
  std::size_t unchanged_ = 0;
  bool pending_ = false;
  Phase phase_ = Phase::fresh;
};

// Written out, so that an explicit instantiation holds them too.
template <DecodableSequence S>
Generation<S>::Generation(Generation&&) noexcept = default;
template <DecodableSequence S>
Generation<S>::~Generation() = default;

}  // namespace weft::detail
