// Phrases that never reach the reader: text waits while it may become one, and where it does, the sequence goes back to the token at
// which the phrase began and takes another one.
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "weft/decode/recording.hpp"

namespace weft {

namespace detail {

/// The interface of Generation: pieces are those of tokens that no phrase can take back any more.
template <DecodableSequence S, class Sampler>
class BanGeneration {
 public:
  template <class Strategy>
  BanGeneration(S& sequence, const Strategy& how, Options options) : borrowed_(&sequence), sampler_(how.sampler), recording_(sequence, 0, std::move(options)) {
    begin(how.phrases);
  }
  template <class Strategy>
  BanGeneration(S&& sequence, std::vector<Token> prompt, const Strategy& how, Options options)
      : owned_(std::move(sequence)), sampler_(how.sampler), prompt_(std::move(prompt)), recording_(*owned_, prompt_.size(), std::move(options)) {
    begin(how.phrases);
  }
  BanGeneration(BanGeneration&&) noexcept = default;
  BanGeneration& operator=(BanGeneration&&) = delete;

  bool advance() {
    if (recording_.ended()) return false;
    const double begin = seconds_now();
    const bool first = !begun_;
    begun_ = true;
    const auto& options = recording_.options();
    bool going = !first || prefill(sequence(), std::span<const Token>(prompt_), options, recording_.stats());
    if (going && recording_.at_limit()) {
      recording_.end(recording_.limits().reason_at_limit());
      return false;
    }
    while (going && !may_leave()) going = unless_cancelled(options.cancel, [&] { go_on(); });
    if (!going) {
      recording_.end_cancelled();
      return !recording_.piece().text.empty();
    }
    commit();
    (first ? recording_.stats().time_to_first_token : recording_.stats().decode_seconds) += seconds_now() - begin;
    return true;
  }

  [[nodiscard]] const Piece& piece() const noexcept { return recording_.piece(); }
  [[nodiscard]] S& sequence() noexcept { return borrowed_ ? *borrowed_ : *owned_; }
  [[nodiscard]] bool borrows() const noexcept { return borrowed_ != nullptr; }
  const Result& result() { return recording_.result(); }

  /// Takes back what was written ahead, so that the sequence stands where the pieces do.
  void settle() {
    if (!pending_.empty()) take_back(0);
    pending_.clear();
    const std::size_t wanted = start_ + recording_.size();
    if (sequence().size() > wanted) sequence().rewind(wanted);
    if (recording_.size() > 0 && sequence().size() < wanted)
      sequence().append(std::span<const Token>(&recording_.result().tokens.back(), 1));
  }

 private:
  using Text = TextOutput<TokenizerOf<S>>;

  struct NotOwned {
    void operator()(S*) const noexcept {}
  };
  /// A token that may yet be taken back, and what was before it.
  struct Pending {
    Choice choice{};
    float raw_logprob = 0;
    std::vector<Alternative> top{}, top_raw{};
    std::vector<Token> banned{};  // tokens that led into a phrase from here
    std::size_t end = 0;          // of its text
    bool ends = false;
    Sampler sampler;
    Text text;
    std::size_t shown = 0, unchanged = 0;
  };

  void begin(const std::vector<std::string>& phrases) {
    const auto& limits = recording_.limits();
    if (!sequence().model().has_tokenizer())
      fail(ErrorKind::unsupported, "phrases are banned in text, and this model has no tokenizer: exclude tokens by a step");
    text_.emplace(sequence().model(), phrases, limits.new_tokens);
    start_ = sequence().size() + prompt_.size();
    weft::prepare(sampler_, static_cast<std::size_t>(sequence().model().vocab_size()), limits.prompt + limits.new_tokens);
    sequence().reserve(limits.prompt + limits.new_tokens);
  }

  /// Whether the oldest pending token can no longer be taken back.
  [[nodiscard]] bool may_leave() const {
    if (pending_.empty()) return false;
    const bool last = pending_.back().ends || recording_.size() + pending_.size() == recording_.limits().new_tokens;
    return last || pending_.front().end <= shown_;
  }
  void commit() {
    auto& front = pending_.front();
    recording_.alternatives(front.top, front.top_raw);
    recording_.record(front.choice, front.raw_logprob);
    pending_.pop_front();
  }

  /// Writes one more token, and goes back where that completes a phrase.
  void go_on() {
    const std::size_t written = recording_.size() + pending_.size();
    if (sequence().size() < start_ + written) {
      const Token last = pending_.empty() ? recording_.piece().id : pending_.back().choice.token;
      sequence().append(std::span<const Token>(&last, 1), {.cancel = recording_.options().cancel});
    }
    Pending next{{}, 0, {}, {}, std::move(banned_), 0, false, sampler_, *text_, shown_, unchanged_};
    banned_.clear();
    choose(next);
    next.ends = recording_.limits().reason_of(next.choice.token) != StopReason::running;
    const bool found = !next.ends && text_->push(next.choice.token);
    next.end = text_->text().size();
    shown_ += text_->take().size();
    pending_.push_back(std::move(next));
    if (!found) return;
    // the text is cut before the phrase: the token that reaches beyond that began it
    const std::size_t phrase = text_->text().size();
    pending_.back().end = phrase + 1;
    std::size_t guilty = 0;
    while (pending_[guilty].end <= phrase) ++guilty;
    const Token token = pending_[guilty].choice.token;
    take_back(guilty);
    banned_.push_back(token);
  }

  void choose(Pending& next) {
    const std::span<const float> raw = sequence().logits();
    processed_.assign(raw.begin(), raw.end());
    for (const Token t : next.banned) processed_[static_cast<std::size_t>(t)] = excluded;
    auto context = recording_.context(sequence().tokens(), unchanged_);
    context.branch += std::uint64_t{next.banned.size()} << 48;  // the number that led here would favour the banned token's neighbours
    sampler_.process(processed_, context);
    next.choice = sampler_.choose(processed_, context);
    const auto sum = normaliser(raw);
    next.raw_logprob = sum.of(raw[static_cast<std::size_t>(next.choice.token)]);
    const auto n = static_cast<std::size_t>(recording_.options().logprobs);
    if (n > 0) {
      const auto most = std::min(n, raw.size());
      add_top(raw, sum, most, best_, next.top_raw);
      add_top(processed_, normaliser(processed_), most, best_, next.top);
    }
    unchanged_ = context.history.size();
  }

  /// Undoes pending token i and all after it; banned_ is then what was banned in its place.
  void take_back(std::size_t i) {
    auto& back = pending_[i];
    sampler_ = std::move(back.sampler);
    text_.emplace(std::move(back.text));
    shown_ = back.shown;
    unchanged_ = back.unchanged;
    banned_ = std::move(back.banned);
    pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i), pending_.end());
    const std::size_t length = start_ + recording_.size() + i;
    if (sequence().size() > length) sequence().rewind(length);
  }

  std::unique_ptr<S, NotOwned> borrowed_;
  std::optional<S> owned_;
  Sampler sampler_;
  std::vector<Token> prompt_;
  Recording<TokenizerOf<S>> recording_;
  std::optional<Text> text_;  // of all tokens, the pending ones too; phrases are its stop strings
  std::deque<Pending> pending_;
  std::vector<Token> banned_;  // for the token to come
  std::vector<float> processed_;
  std::vector<Ranked> best_;
  std::size_t start_ = 0, shown_ = 0, unchanged_ = 0;
  bool begun_ = false;
};

}  // namespace detail

template <class Sampler>
struct PhraseBan {
  std::vector<std::string> phrases{};
  Sampler sampler;

  template <DecodableSequence S>
  using Generation = detail::BanGeneration<S, Sampler>;
};

/// Text by a chain in which none of the phrases occurs: stream(model, prompt, without_phrases({"As an AI"}, temperature(0.8f) | draw())).
/// The token that begins a phrase is excluded at its position and another one chosen, by the chain, from the rest; steps and picks
/// with a state get the state back that they had there. Pieces lag behind by what may yet become a phrase. Needs a model with a tokenizer.
/// Throws weft::Error(argument) for an empty phrase or one that begins inside a UTF-8 character, and when nothing is left to choose.
template <PicksTokens Chain>
auto without_phrases(std::vector<std::string> phrases, const Chain& chain) {
  using Sampler = decltype(detail::as_sampler(chain));
  return PhraseBan<Sampler>{std::move(phrases), detail::as_sampler(chain)};
}

}  // namespace weft
