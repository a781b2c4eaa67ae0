// Speculative decoding: a drafter guesses tokens, one pass gives the logits after all of them, and the chain takes its choices from these
// for as long as they are what was guessed. Nothing but time depends on the drafts: logits are the same bits in any pass, and draws
// depend on their position alone, so the text is that of the chain, token for token, and no rejection sampling is needed.
// Sources: Leviathan et al. 2023, arXiv:2211.17192; Chen et al. 2023, arXiv:2302.01318; exact matching: Stern et al. 2018, arXiv:1811.03115.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "weft/core/clock.hpp"
#include "weft/decode/draft_length.hpp"
#include "weft/decode/drafter.hpp"
#include "weft/decode/stream.hpp"

namespace weft {

namespace detail {

/// The source of a Generation that runs drafts ahead of the text. The chain is called as ever, once a token and with the text alone
/// as history, so its state never sees a draft that failed.
template <Drafter D>
class DraftAhead {
 public:
  DraftAhead(D drafter, const SpeculativeOptions& options)
      : drafter_(std::move(drafter)), length_(options), most_(static_cast<std::size_t>(options.most)) {}

  template <class S>
  void prepare(const S& sequence, std::size_t positions) {
    vocab_ = static_cast<std::size_t>(sequence.model().vocab_size());
    weft::prepare(drafter_, vocab_, positions);
    text_.reserve(positions);
    draft_.tokens.reserve(most_), draft_.trust.reserve(most_), pass_.reserve(most_ + 1);
    rows_.reserve(most_ * vocab_);
  }

  template <class S>
  void append(S& sequence, Token token, std::size_t left, const std::stop_token& cancel, Stats& stats) {
    length_.token();
    if (at_ < draft_.size()) {
      const bool held = draft_.tokens[at_] == token;
      length_.checked(draft_.trust[at_], held);
      if (held && ahead(sequence) > 0) {
        ++at_;
        ++stats.accepted_tokens;
        text_.push_back(token);
        return;
      }
    }
    settle(sequence);
    draft(sequence, token, left);
    pass(sequence, cancel, stats);
  }

  template <class S>
  [[nodiscard]] std::span<const Token> tokens(const S& sequence) const {
    return std::span<const Token>(sequence.tokens()).first(sequence.size() - ahead(sequence));
  }
  template <class S>
  [[nodiscard]] std::span<const float> logits(const S& sequence) const {
    return ahead(sequence) > 0 ? std::span<const float>(rows_).subspan(at_ * vocab_, vocab_) : std::span<const float>(sequence.logits());
  }
  template <class S>
  void settle(S& sequence) {
    if (ahead(sequence) > 0) sequence.rewind(sequence.size() - ahead(sequence));
    draft_.clear();
    run_ = at_ = 0;
  }

 private:
  /// How many tokens the sequence holds beyond the text. None where it is not as the last pass left it: then it is as its owner wants it.
  template <class S>
  [[nodiscard]] std::size_t ahead(const S& sequence) const {
    return sequence.size() == end_ ? run_ - at_ : 0;
  }

  /// Fills draft_ and pass_: the token, and the drafted ones that are to be run with it.
  template <class S>
  void draft(const S& sequence, Token token, std::size_t left) {
    const std::span<const Token> before = sequence.tokens();
    const bool first = text_.empty();
    if (text_.size() != before.size()) text_.assign(before.begin(), before.end());
    text_.push_back(token);
    if (first) drafter_(std::span<const Token>(text_), 0, draft_);  // takes in the prompt: a fixed cost, none of a draft
    // the last token that may come needs no logits after it
    if (const std::size_t most = length_.ask(left > 0 ? left - 1 : 0); most > 0) {
      const double begin = seconds_now();
      drafter_(std::span<const Token>(text_), most, draft_);
      length_.drafted(draft_.size(), seconds_now() - begin);
      const auto unknown = std::find_if(draft_.tokens.begin(), draft_.tokens.end(), [&](Token t) { return t < 0 || static_cast<std::size_t>(t) >= vocab_; });
      const auto usable = std::min({draft_.trust.size(), most, static_cast<std::size_t>(unknown - draft_.tokens.begin())});
      draft_.tokens.resize(usable), draft_.trust.resize(usable);
      for (auto& trust : draft_.trust) trust = std::min(trust, Draft::most_trust);
    } else {
      draft_.clear();
    }
    pass_.assign(1, token);
    pass_.insert(pass_.end(), draft_.tokens.begin(), draft_.tokens.begin() + static_cast<std::ptrdiff_t>(length_.choose(draft_)));
  }

  template <class S>
  void pass(S& sequence, const std::stop_token& cancel, Stats& stats) {
    const double begin = seconds_now();
    try {
      run(sequence, cancel);
    } catch (const Error& error) {
      // a draft may touch pages that the text alone would never have reached, and there may be no memory for them
      if (pass_.size() == 1 || error.kind() != ErrorKind::resource) throw;
      pass_.resize(1);
      run(sequence, cancel);
    }
    run_ = pass_.size() - 1;
    end_ = sequence.size();
    length_.ran(pass_.size(), seconds_now() - begin);
    ++stats.passes;
    stats.drafted_tokens += run_;
  }
  template <class S>
  void run(S& sequence, const std::stop_token& cancel) {
    if (pass_.size() == 1) return sequence.append(std::span<const Token>(pass_), {.cancel = cancel});
    const std::size_t floats = (pass_.size() - 1) * vocab_;
    if (rows_.size() < floats) rows_.resize(floats);  // never less again: what is cut and grown is cleared
    sequence.append_with_logits(std::span<const Token>(pass_), std::span(rows_).first(floats), {.cancel = cancel});
  }

  D drafter_;
  DraftLength length_;
  std::size_t most_, vocab_ = 0;
  std::vector<Token> text_, pass_;
  Draft draft_;
  std::vector<float> rows_;        // [run_, vocab], or more: after each token of the last pass but its last
  std::size_t run_ = 0, at_ = 0;   // drafted tokens of the last pass, and how many of them are text by now
  std::size_t end_ = 0;            // the sequence's length after that pass
};

template <VerifyingSequence S, Drafter D>
class SpeculativeGeneration : public Generation<S, DraftAhead<D>> {
  using Base = Generation<S, DraftAhead<D>>;

 public:
  template <class Strategy>
  SpeculativeGeneration(S& sequence, const Strategy& how, Options options)
      : Base(sequence, any_sampler(how.sampler), std::move(options), {how.drafter, how.options}) {}
  template <class Strategy>
  SpeculativeGeneration(S&& sequence, std::vector<Token> prompt, const Strategy& how, Options options)
      : Base(std::move(sequence), std::move(prompt), any_sampler(how.sampler), std::move(options), {how.drafter, how.options}) {}
};

}  // namespace detail

template <class Sampler, Drafter D>
struct Speculative {
  Sampler sampler;
  D drafter;
  SpeculativeOptions options{};

  template <VerifyingSequence S>
  using Generation = detail::SpeculativeGeneration<S, D>;
};

/// The text of a chain, sooner: generate(model, prompt, speculative(greedy(), suffix_drafter())). Tokens, log-probs, text, stops and limits
/// are those of the chain alone; Stats say how many tokens were drafted and accepted. How much is drafted follows what passes cost and
/// how often drafts hold; what fails costs no more than SpeculativeOptions::loss_share of plain decoding and one pass. While a stream
/// runs, a sequence of the caller's may hold drafted tokens beyond the text: TokenStream::sequence(), and the stream's end, take them back.
/// For sequences that give logits at several positions (VerifyingSequence): the library's, and pairs of them.
/// Throws weft::Error(argument) for options out of range.
template <PicksTokens Chain, Drafter D>
auto speculative(const Chain& chain, D drafter, const SpeculativeOptions& options = {}) {
  detail::DraftLength{options};  // checks them
  using Sampler = decltype(detail::as_sampler(chain));
  return Speculative<Sampler, D>{detail::as_sampler(chain), std::move(drafter), options};
}

}  // namespace weft
