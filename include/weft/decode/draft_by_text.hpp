// Drafts by a model with another tokenizer: it follows the text as bytes, writes ahead of it in its own tokens, and the bytes that it wrote
// are spelt in the tokens of the model that is drafted for. Source: Timor et al. 2025, arXiv:2502.05202 (string-level exact match).
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weft/core/error.hpp"
#include "weft/decode/concept.hpp"
#include "weft/decode/drafter.hpp"
#include "weft/decode/spelling.hpp"
#include "weft/sample/select.hpp"
#include "weft/sample/softmax.hpp"

namespace weft {

template <DecodableSequence S, class Target>
class DraftByText {
  using Own = detail::TokenizerOf<S>;

 public:
  DraftByText(S sequence, const Target& target)
      : sequence_(std::move(sequence)), target_(std::make_shared<const detail::Speller<Target>>(target)),
        own_(std::make_shared<const detail::Speller<Own>>(sequence_.model().tokenizer())) {
    sequence_.rewind(0);  // of tokens it holds already it is not known where they come from
  }
  DraftByText(const DraftByText& other)
      : sequence_(other.sequence_.fork()), target_(other.target_), own_(other.own_), history_(other.history_), history_ends_(other.history_ends_),
        text_(other.text_), written_(other.written_), written_ends_(other.written_ends_) {}
  DraftByText(DraftByText&&) noexcept = default;

  void operator()(std::span<const Token> history, std::size_t most, Draft& draft) {
    read(history);
    try {
      if (!follow() || most == 0) return;
      write(most, draft);
    } catch (const Error& error) {  // no memory for a draft is no reason to end the text
      if (error.kind() != ErrorKind::resource) throw;
    }
  }

 private:
  static constexpr double worth_it = 0.15;  // as for a model with the same tokenizer

  /// Makes text_ the bytes of the history.
  void read(std::span<const Token> history) {
    const std::size_t common = detail::common_prefix(history_, history);
    history_.resize(common), history_ends_.resize(common);
    text_.resize(common > 0 ? history_ends_.back() : 0);
    for (const Token token : history.subspan(common)) {
      text_ += target_->bytes(token);
      history_.push_back(token);
      history_ends_.push_back(text_.size());
    }
  }

  /// Makes the sequence spell text_: keeps the tokens that do so far, but from the beginning of an unfinished word on. False where it cannot.
  bool follow() {
    const auto same = std::mismatch(written_.begin(), written_.end(), text_.begin(), text_.end());
    const auto common = static_cast<std::size_t>(same.first - written_.begin());
    std::size_t keep = static_cast<std::size_t>(std::upper_bound(written_ends_.begin(), written_ends_.end(), common) - written_ends_.begin());
    if (start_of(keep) < text_.size()) keep = word_before(keep);
    std::vector<Token> tokens;
    const std::size_t from = keep == 0 ? 0 : start_of(keep);
    if (from < text_.size() || keep == 0) {
      const auto rest = std::string_view(text_).substr(from);
      if (!(keep == 0 ? own_->spell_prompt(rest, tokens) : own_->spell(rest, tokens))) return false;
    }
    if (keep + tokens.size() == 0 || keep + tokens.size() > sequence_.capacity()) return false;
    sequence_.rewind(keep);
    cut(keep);
    sequence_.append(std::span<const Token>(tokens));
    for (const Token token : tokens) note(token);
    return true;
  }
  /// Where in written_ token i begins.
  [[nodiscard]] std::size_t start_of(std::size_t i) const { return i == 0 ? 0 : written_ends_[i - 1]; }
  /// The nearest of the last few tokens before `keep` that begins with white space, at which tokenizers cut words; `keep` if there is none.
  [[nodiscard]] std::size_t word_before(std::size_t keep) const {
    const auto blank = [](char c) { return c == ' ' || c == '\n' || c == '\t'; };
    for (std::size_t i = keep, n = 0; n < 8 && i > 0; --i, ++n)
      if (start_of(i) < text_.size() && blank(text_[start_of(i)])) return i;
    return keep;
  }
  void cut(std::size_t count) {
    written_ends_.resize(count);
    written_.resize(count > 0 ? written_ends_.back() : 0);
  }
  void note(Token token) {
    written_ += own_->bytes(token);
    written_ends_.push_back(written_.size());
  }

  void write(std::size_t most, Draft& draft) {
    std::vector<std::pair<std::size_t, float>> sure;  // where each token that was written begins, and its probability
    bool ends = false;
    float end_p = 0;
    double reached = 1;
    const std::size_t begin = written_.size();
    while (sure.size() < most) {
      const std::span<const float> logits = sequence_.logits();
      const auto sum = normaliser(logits);
      const float p = std::exp(sum.of(sum.max));
      reached *= static_cast<double>(p);
      if (reached < worth_it && !sure.empty()) break;
      const Token token = detail::first_equal(logits, sum.max);
      const auto end_tokens = sequence_.model().end_tokens();
      ends = std::find(end_tokens.begin(), end_tokens.end(), token) != end_tokens.end();
      end_p = p;
      if (ends || own_->bytes(token).empty() || sequence_.size() == sequence_.capacity()) break;
      sure.push_back({written_.size() - begin, p});
      sequence_.append(std::span<const Token>(&token, 1));
      note(token);
    }
    std::vector<Token> spelt;
    if (!target_->spell(std::string_view(written_).substr(begin), spelt)) return;
    std::size_t at = 0, next = 0;
    for (const Token token : spelt) {
      if (draft.size() == most) return;
      at += target_->bytes(token).size();
      float p = 1;  // of what begins before this token ends
      while (next < sure.size() && sure[next].first < at) p *= sure[next++].second;
      draft.add(token, trust_in(p));
    }
    if (ends && draft.size() < most && target_->end_token() >= 0) draft.add(target_->end_token(), trust_in(end_p));
  }
  static std::uint8_t trust_in(float p) { return static_cast<std::uint8_t>(std::clamp(p, 0.0f, 1.0f) * Draft::most_trust); }

  S sequence_;
  std::shared_ptr<const detail::Speller<Target>> target_;
  std::shared_ptr<const detail::Speller<Own>> own_;
  std::vector<Token> history_;
  std::vector<std::size_t> history_ends_;  // where in text_ the token's bytes end
  std::string text_;                       // the history's bytes
  std::string written_;                    // the sequence's bytes
  std::vector<std::size_t> written_ends_;
};

/// Drafts by a sequence over a model with another tokenizer: speculative(chain, draft_by_text(Sequence(small), model.tokenizer())). What the
/// sequence holds is forgotten. Control tokens have no bytes, so the drafting model reads a chat without its roles. Copies are forks.
template <DecodableSequence S, class Target>
DraftByText<S, Target> draft_by_text(S sequence, const Target& target) {
  return DraftByText<S, Target>(std::move(sequence), target);
}

}  // namespace weft
