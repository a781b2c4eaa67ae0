// Phrases that never reach the reader: text waits while it may become one, and where it does, the sequence goes back to the token at
// which the phrase began and takes another one.
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "weft/decode/banned_text.hpp"
#include "weft/decode/recording.hpp"
#include "weft/decode/saved_generation.hpp"

namespace weft {

/// What may not be written.
struct Banned {
  std::vector<std::string> phrases{};
  std::vector<std::string> patterns{};  ///< regular expressions, as of Regex; a text is banned from where the match begins that ends first
  /// Tokens held back at most for a pattern that may yet match. One without a bound of its own, such as "a.*b", holds back all after an a.
  std::int64_t most_held = 64;
};

namespace detail {

/// The interface of Generation: pieces are those of tokens that no phrase can take back any more.
template <DecodableSequence S, class Sampler>
class BanGeneration {
 public:
  template <class Strategy>
  BanGeneration(S& sequence, const Strategy& how, Options options) : borrowed_(&sequence), sampler_(how.sampler), recording_(sequence, 0, std::move(options)) {
    begin(how);
  }
  template <class Strategy>
  BanGeneration(S&& sequence, std::vector<Token> prompt, const Strategy& how, Options options)
      : owned_(std::move(sequence)), sampler_(how.sampler), prompt_(std::move(prompt)), recording_(*owned_, prompt_.size(), std::move(options)) {
    begin(how);
  }
  /// Goes on where another one was saved: with the tokens that had left it.
  template <class Strategy>
  BanGeneration(S&& sequence, SavedGeneration saved, const Strategy& how)
      : owned_(std::move(sequence)), sampler_(how.sampler), prompt_(std::move(saved.prompt)),
        recording_(*owned_, saved.prompt_length - owned_->size(), std::move(saved.options)), unchanged_(saved.unchanged), begun_(saved.begun) {
    constexpr std::size_t ahead = 4096;  // what is reserved: a limit in a file is not believed
    begin(how, std::max(owned_->size(), recording_.limits().prompt + std::min(recording_.limits().new_tokens, saved.result.tokens.size() + ahead)));
    start_ = recording_.limits().prompt;
    StateReader state(saved.sampler, saved.source);
    load_state(sampler_, state);
    banned_ = state.get_all<Token>();
    state.expect_end();
    for (const Token t : banned_)
      if (t < 0 || t >= sequence_vocab()) state.broken("a banned token is ", t);
    if (!recording_.replay(saved.result)) state.broken("what was generated does not fit its options");
    for (const Token t : recording_.unfinished().tokens)
      if (recording_.limits().reason_of(t) == StopReason::running && text_->push(t)) state.broken("what was generated holds a banned phrase");
    left_ = text_->size();
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
    const std::size_t wanted = start_ + recording_.size();
    if (sequence().size() > wanted) sequence().rewind(wanted);
    if (recording_.size() > 0 && sequence().size() < wanted)
      sequence().append(std::span<const Token>(&recording_.result().tokens.back(), 1));
  }

  /// Writes the sequence and all that the next tokens depend on, as Generation does. What was written ahead is written again.
  void save(const std::string& path) {
    settle();
    StateWriter state;
    save_state(sampler_, state);
    state.put_all(std::span<const Token>(banned_));
    save_generation<S>(sequence(), {recording_.options(), recording_.limits().prompt, begun_ ? std::vector<Token>() : prompt_, recording_.unfinished(),
                                    begun_, false, unchanged_, {state.bytes().begin(), state.bytes().end()}, {}}, path);
  }

 private:
  using Text = BannedText<TokenizerOf<S>>;

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
    std::size_t unchanged = 0;
  };

  [[nodiscard]] std::int64_t sequence_vocab() { return static_cast<std::int64_t>(sequence().model().vocab_size()); }

  template <class Strategy>
  void begin(const Strategy& how) {
    begin(how, recording_.limits().prompt + recording_.limits().new_tokens);
  }
  template <class Strategy>
  void begin(const Strategy& how, std::size_t positions) {
    if (!sequence().model().has_tokenizer())
      fail(ErrorKind::unsupported, "phrases are banned in text, and this model has no tokenizer: exclude tokens by a step");
    text_.emplace(sequence().model(), how.banned.phrases, how.patterns, positions - recording_.limits().prompt);
    most_held_ = static_cast<std::size_t>(how.banned.most_held);
    start_ = sequence().size() + prompt_.size();
    weft::prepare(sampler_, static_cast<std::size_t>(sequence().model().vocab_size()), positions);
    sequence().reserve(positions);
  }

  /// Whether the oldest pending token can no longer be taken back.
  [[nodiscard]] bool may_leave() const {
    if (pending_.empty()) return false;
    const bool last = pending_.back().ends || recording_.size() + pending_.size() == recording_.limits().new_tokens;
    return last || pending_.front().end <= text_->safe();
  }
  void commit() {
    auto& front = pending_.front();
    recording_.alternatives(front.top, front.top_raw);
    recording_.record(front.choice, front.raw_logprob);
    left_ = front.end;
    pending_.pop_front();
  }

  /// Writes one more token, and goes back where that completes a phrase.
  void go_on() {
    const std::size_t written = recording_.size() + pending_.size();
    if (sequence().size() < start_ + written) {
      const Token last = pending_.empty() ? recording_.piece().id : pending_.back().choice.token;
      sequence().append(std::span<const Token>(&last, 1), {.cancel = recording_.options().cancel});
    }
    if (const auto* pattern = text_->waits_for(); pattern && pending_.size() >= most_held_)
      fail(ErrorKind::resource, "after ", pending_.size(), " tokens the banned pattern '", *pattern,
           "' may still match, and all of them are held back: bound its length, such as .{0,80} for .*, or raise Banned::most_held");
    Pending next{{}, 0, {}, {}, std::move(banned_), 0, false, sampler_, *text_, unchanged_};
    banned_.clear();
    if (!choose(next)) return ban(pending_.size() - 1);
    next.ends = recording_.limits().reason_of(next.choice.token) != StopReason::running;
    bool found = !next.ends && text_->push(next.choice.token);
    next.end = text_->size();
    pending_.push_back(std::move(next));
    std::size_t phrase = text_->begin();
    if (!found && (pending_.back().ends || written + 1 == recording_.limits().new_tokens)) {
      auto whole = *text_;  // a word may be complete because the text is
      found = whole.finish();
      phrase = whole.begin();
    }
    if (!found) return;
    // The token that reaches beyond its beginning began it. It may have left already, when what followed was another text: then what completes
    // it is at fault.
    std::size_t guilty = pending_.size() - 1;
    if (phrase >= left_)
      for (guilty = 0; guilty + 1 < pending_.size() && pending_[guilty].end <= phrase;) ++guilty;
    ban(guilty);
  }

  /// False where the bans leave nothing to choose, and there is a token before that may be another one instead.
  bool choose(Pending& next) {
    const std::span<const float> raw = sequence().logits();
    processed_.assign(raw.begin(), raw.end());
    for (const Token t : next.banned) processed_[static_cast<std::size_t>(t)] = excluded;
    auto context = recording_.context(sequence().tokens(), unchanged_);
    context.branch += std::uint64_t{next.banned.size()} << 48;  // the number that led here would favour the banned token's neighbours
    sampler_.process(processed_, context);
    if (!next.banned.empty() && !pending_.empty() && greatest(processed_) == excluded) return false;
    next.choice = sampler_.choose(processed_, context);
    const auto sum = normaliser(raw);
    next.raw_logprob = sum.of(raw[static_cast<std::size_t>(next.choice.token)]);
    const auto n = static_cast<std::size_t>(recording_.options().logprobs);
    if (n > 0) {
      const auto most = std::min(n, raw.size());
      add_top(raw, sum, most, greatest_, next.top_raw);
      add_top(processed_, normaliser(processed_), most, greatest_, next.top);
    }
    unchanged_ = context.history.size();
    return true;
  }

  /// Takes back pending token i and all after it, and bans it there.
  void ban(std::size_t i) {
    const Token token = pending_[i].choice.token;
    take_back(i);
    banned_.push_back(token);
  }

  /// Undoes pending token i and all after it; banned_ is then what was banned in its place.
  void take_back(std::size_t i) {
    auto& back = pending_[i];
    sampler_ = std::move(back.sampler);
    text_.emplace(std::move(back.text));
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
  std::optional<Text> text_;  // of all tokens, the pending ones too
  std::deque<Pending> pending_;
  std::vector<Token> banned_;  // for the token to come
  std::vector<float> processed_;
  Greatest greatest_;
  std::size_t start_ = 0, most_held_ = 0, unchanged_ = 0;
  std::size_t left_ = 0;  // bytes of text that cannot be taken back
  bool begun_ = false;
};

}  // namespace detail

template <class Sampler>
struct PhraseBan {
  Banned banned{};
  std::vector<RegexStream> patterns{};
  Sampler sampler;

  template <DecodableSequence S>
  using Generation = detail::BanGeneration<S, Sampler>;
};

/// Text by a chain in which nothing banned occurs: stream(model, prompt, without_phrases({"As an AI"}, temperature(0.8f) | draw())), or with
/// patterns: without_phrases(Banned{.patterns = {"(?i)\\bas an? (ai|llm)\\b"}}, draw()).
/// The token that begins a phrase is excluded at its position and another one chosen, by the chain, from the rest; steps and picks
/// with a state get the state back that they had there. Pieces lag behind by what may yet become a phrase. The prompt counts for nothing:
/// ^ is the beginning of the continuation. Needs a model with a tokenizer.
/// Throws weft::Error(argument) for an empty phrase or one that begins inside a UTF-8 character, a pattern that matches the empty text, most_held
/// below 1, and when nothing is left to choose; Error(format, unsupported) as RegexStream; while decoding, Error(resource) where
/// most_held tokens are held back for a pattern.
template <PicksTokens Chain>
auto without_phrases(Banned banned, const Chain& chain) {
  using Sampler = decltype(detail::as_sampler(chain));
  if (banned.most_held < 1) fail(ErrorKind::argument, "at most ", banned.most_held, " tokens held back: expected at least 1");
  std::vector<RegexStream> patterns;
  for (const auto& pattern : banned.patterns) patterns.emplace_back(pattern);
  return PhraseBan<Sampler>{std::move(banned), std::move(patterns), detail::as_sampler(chain)};
}
template <PicksTokens Chain>
auto without_phrases(std::vector<std::string> phrases, const Chain& chain) {
  Banned banned;
  banned.phrases = std::move(phrases);
  return without_phrases(std::move(banned), chain);
}

}  // namespace weft
