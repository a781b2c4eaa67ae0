// Speculative decoding: a drafter guesses tokens, one pass gives the logits after all of them, and the chain takes its choices from these
// for as long as they are what was guessed. Nothing but time depends on the drafts: logits are the same bits in any pass, and draws
// depend on their position alone, so the text is that of the chain, token for token, and no rejection sampling is needed. A draft may be a
// tree (draft_tree.hpp): its paths are forks in one pass, and the one that agrees with the text goes on.
// Sources: Leviathan et al. 2023, arXiv:2211.17192; Chen et al. 2023, arXiv:2302.01318; exact matching: Stern et al. 2018, arXiv:1811.03115.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "weft/core/clock.hpp"
#include "weft/decode/draft_length.hpp"
#include "weft/decode/drafter.hpp"
#include "weft/decode/path_pass.hpp"
#include "weft/decode/stream.hpp"

namespace weft {

namespace detail {

/// The source of a Generation that runs drafts ahead of the text. The chain is called as ever, once a token and with the text alone
/// as history, so its state never sees a draft that failed.
template <VerifyingSequence S, Drafter D>
class DraftAhead {
 public:
  DraftAhead(D drafter, const SpeculativeOptions& options)
      : drafter_(std::move(drafter)), length_(options), most_(static_cast<std::size_t>(options.most)) {}

  void prepare(const S& sequence, std::size_t positions) {
    vocab_ = static_cast<std::size_t>(sequence.model().vocab_size());
    positions_ = positions;
    weft::prepare(drafter_, vocab_, positions);
    text_.reserve(positions);
    tree_.reserve(most_);
    pass_.reserve(most_ + 1);
    rows_.reserve(most_ * vocab_);
  }

  void append(S& sequence, Token token, std::size_t left, const std::stop_token& cancel, Stats& stats) {
    length_.token();
    if (goes_on(sequence, token)) {
      ++stats.accepted_tokens;
      text_.push_back(token);
      return;
    }
    settle(sequence);
    draft(sequence, token, left);
    pass(sequence, token, cancel, stats);
  }

  [[nodiscard]] std::span<const Token> tokens(const S& sequence) const {
    return std::span<const Token>(sequence.tokens()).first(sequence.size() - ahead(sequence));
  }
  [[nodiscard]] std::span<const float> logits(const S& sequence) const {
    if (ahead(sequence) == 0) return sequence.logits();
    return std::span<const float>(rows_).subspan((first_rows_[path_] + at_) * vocab_, vocab_);
  }
  void settle(S& sequence) {
    if (ahead(sequence) > 0) sequence.rewind(sequence.size() - ahead(sequence));
    tree_.clear();
    forks_.clear();
    node_ = DraftTree::root;
    path_ = at_ = 0;
    end_ = nowhere;
  }

 private:
  /// How many tokens the sequence holds beyond the text. None where it is not as the last pass left it: then it is as its owner wants it.
  [[nodiscard]] std::size_t ahead(const S& sequence) const {
    return sequence.size() == end_ ? tree_.path(path_).size() - at_ : 0;
  }

  /// Whether a token was drafted and run: then it is text now, and the sequence is the one that ran it.
  bool goes_on(S& sequence, Token token) {
    std::size_t found = tree_.paths();
    DraftTree::Node next = DraftTree::root;
    tree_.for_each_child(node_, [&](DraftTree::Node child) {
      const auto i = static_cast<std::size_t>(child);
      const bool held = tree_.draft().tokens[i] == token;
      length_.checked(tree_.draft().trust[i], held);
      if (!held || found < tree_.paths()) return;
      found = tree_.path_with(child, at_, path_);
      next = child;
    });
    if (found == tree_.paths() || sequence.size() != end_) return false;
    if (found != path_) change_path(sequence, found);
    node_ = next;
    ++at_;
    return true;
  }

  void change_path(S& sequence, std::size_t path) {
    sequence = std::move(forks_[path - 1]);
    path_ = path;
    end_ = sequence.size();
    try {
      sequence.reserve(positions_);  // what the one before had taken is free again
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::resource) throw;  // somebody was faster: appending will tell if that matters
    }
  }

  /// Fills tree_ and plans what is to be run of it with the token.
  void draft(const S& sequence, Token token, std::size_t left) {
    const std::span<const Token> before = sequence.tokens();
    const bool first = text_.empty();
    if (text_.size() != before.size()) text_.assign(before.begin(), before.end());
    text_.push_back(token);
    if (first) drafter_(std::span<const Token>(text_), 0, tree_.draft());  // takes in the prompt: a fixed cost, none of a draft
    tree_.clear();
    // the last token that may come needs no logits after it
    const std::size_t most = length_.ask(left > 0 ? left - 1 : 0);
    if (most == 0) return;
    const double begin = seconds_now();
    drafter_(std::span<const Token>(text_), most, tree_.draft());
    length_.drafted(tree_.draft().size(), seconds_now() - begin);
    tree_.tidy(vocab_, most);
    tree_.plan(length_);
  }

  void pass(S& sequence, Token token, const std::stop_token& cancel, Stats& stats) {
    const double begin = seconds_now();
    std::size_t rows = 0;
    try {
      rows = run(sequence, token, cancel);
    } catch (const Error& error) {
      // a draft may touch pages that the text alone would never have reached, and there may be no memory for them
      if (tree_.run_count() == 0 || error.kind() != ErrorKind::resource) throw;
      forks_.clear();
      tree_.run_none();
      rows = run(sequence, token, cancel);
    }
    end_ = sequence.size();
    length_.ran(rows, seconds_now() - begin);
    ++stats.passes;
    stats.drafted_tokens += tree_.run_count();
    report(sequence, token);
  }
  /// Tells a drafter that wants to know what the model said on each path.
  void report(const S& sequence, Token token) {
    for (std::size_t p = 0; p < tree_.paths(); ++p) {
      const auto path = tree_.path(p);
      const auto after = [&](std::size_t i) -> std::span<const float> {
        if (i < path.size()) return std::span<const float>(rows_).subspan((first_rows_[p] + i) * vocab_, vocab_);
        return p == 0 ? std::span<const float>(sequence.logits()) : std::span<const float>(forks_[p - 1].logits());
      };
      if constexpr (requires { drafter_.ran(end_, std::span<const Token>(path_tokens_), after); }) {
        path_tokens_.assign(1, token);
        for (const auto node : path) path_tokens_.push_back(tree_.draft().tokens[static_cast<std::size_t>(node)]);
        drafter_.ran(end_ - 1 - tree_.path(0).size(), std::span<const Token>(path_tokens_), after);
      }
    }
  }

  /// How many rows that were.
  std::size_t run(S& sequence, Token token, const std::stop_token& cancel) {
    pass_.clear();
    pass_.add(sequence, token, tree_, forks_, first_rows_);
    const std::size_t floats = pass_.logit_rows() * vocab_;
    if (rows_.size() < floats) rows_.resize(floats);  // never less again: what is cut and grown is cleared
    pass_.run(std::span(rows_).first(floats), cancel);
    return pass_.rows();
  }

  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

  D drafter_;
  DraftLength length_;
  std::size_t most_, vocab_ = 0, positions_ = 0;
  std::vector<Token> text_;
  DraftTree tree_;
  PathPass<S> pass_;
  std::vector<S> forks_;                 // of all paths but the first, which the sequence itself runs
  std::vector<Token> path_tokens_;       // what report() tells of
  std::vector<float> rows_;              // [tokens, vocab], or more: after each token of the last pass but the last of a path
  std::vector<std::size_t> first_rows_;  // of each path
  DraftTree::Node node_ = DraftTree::root;  // where in the tree the text stands,
  std::size_t path_ = 0, at_ = 0;        // on which path, and how many of its drafted tokens are text by now
  std::size_t end_ = nowhere;            // the sequence's length after that pass
};

template <VerifyingSequence S, Drafter D>
class SpeculativeGeneration : public Generation<S, DraftAhead<S, D>> {
  using Base = Generation<S, DraftAhead<S, D>>;

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
/// how often drafts hold; what fails costs no more than SpeculativeOptions::loss_share of plain decoding and a part of one pass. While a stream
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
