// Token healing: a prompt may end inside what the model would write as one token ("https:" before "://"), where its own tokens lead nowhere
// likely. Here the text is the prompt, and all ways to write it count, by what the model says of them.
// Sources: Lundberg 2023, "The art of prompt design: prompt boundaries and token healing"; exact, over the encodings that cover the text:
// Phan et al. 2024, arXiv:2410.09303; Vieira et al. 2024, arXiv:2412.03719.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/decode/lottery.hpp"
#include "weft/decode/recording.hpp"

namespace weft {

/// Ways to write a text: the tokenizer's tokens of its first part, and one token that begins with the rest.
template <DecodableSequence S>
struct Covers {
  struct Cover {
    std::size_t cut = 0;      ///< which of `cuts` it goes on from
    Token last = 0;           ///< reaches the end of the text, or beyond
    double log_prob = 0;      ///< of all covers together 0
    std::string_view beyond{};  ///< what the last token says beyond the text; may end inside a character
  };
  std::vector<S> cuts{};        ///< sequences that have run a first part of the text
  std::vector<Cover> covers{};
};

/// What heal() made of a prompt.
template <DecodableSequence S>
struct Healed {
  S sequence;             ///< has run the prompt, ready to be continued
  std::string beyond{};   ///< what it holds beyond the prompt's text
  double log_prob = 0;    ///< of this way to write it among all
};

struct HealOptions {
  bool greedy = true;          ///< takes the likeliest way; else draws one
  std::uint64_t seed = 0, branch = 0;  ///< of the draw
  std::stop_token cancel{};
};

namespace detail {

/// A place where a text can be cut, and the tokens before it.
struct Cut {
  std::size_t rest = 0;  // bytes of the text behind it
  std::vector<Token> tokens{};
};

/// The tokens that begin like each end of the text: by the length of that end, at most `longest`.
template <class Tokenizer>
std::vector<std::vector<Token>> tokens_on(const Tokenizer& tokenizer, std::size_t vocab, std::string_view text) {
  std::vector<std::vector<Token>> by_length(1);
  for (std::size_t id = 0; id < vocab; ++id) {
    const auto token = static_cast<Token>(id);
    if (tokenizer.is_control(token)) continue;
    const std::string_view bytes = tokenizer.bytes(token);
    for (std::size_t n = std::min(bytes.size(), text.size()); n > 0; --n) {
      if (text[text.size() - n] != bytes[0] || !bytes.starts_with(text.substr(text.size() - n))) continue;
      if (by_length.size() <= n) by_length.resize(n + 1);
      by_length[n].push_back(token);
    }
  }
  return by_length;
}

/// Cuts of `text`, whose tokens are given: before each of them, and between any two characters.
template <class Encode, class Tokenizer>
std::vector<Cut> cuts_of(std::string_view text, const std::vector<Token>& tokens, const Tokenizer& tokenizer, const std::vector<std::vector<Token>>& last,
                         Encode&& encode) {
  std::string whole;  // the bytes of the tokens: the text, after what the tokenizer puts before it
  std::vector<std::size_t> begins;
  for (const Token t : tokens) {
    begins.push_back(whole.size());
    if (!tokenizer.is_control(t)) whole += tokenizer.bytes(t);
  }
  if (!whole.ends_with(text))
    fail(ErrorKind::unsupported, "the tokens of the prompt are not its text: the tokenizer changes it, and where a token ends in it cannot be said");
  const std::size_t before = whole.size() - text.size();
  std::vector<Cut> cuts;
  for (std::size_t n = 1; n < last.size(); ++n) {
    if (last[n].empty()) continue;
    const std::size_t at = whole.size() - n;
    const auto after = std::upper_bound(begins.begin(), begins.end(), at);  // they ascend
    if (after != begins.begin() && after[-1] == at) {
      cuts.push_back({n, {tokens.begin(), tokens.begin() + (after - begins.begin() - 1)}});
    } else if (at > before && (static_cast<unsigned char>(whole[at]) & 0xC0) != 0x80) {
      cuts.push_back({n, encode(text.substr(0, at - before))});
    }
  }
  return cuts;
}

}  // namespace detail

/// All ways to write `text` after what the sequence holds (which is left as it is), with their probabilities. A new sequence needs at least
/// one token before every cut, such as BOS. The passes are those of the text and of a few tokens for each place where a token could be cut.
/// Throws weft::Error(unsupported) for a tokenizer that changes the text, Error(argument) for an empty text, and as append().
template <DecodableSequence S>
Covers<S> covers(const S& sequence, std::string_view text, std::stop_token cancel = {}) {
  if (text.empty()) fail(ErrorKind::argument, "the text to be healed is empty");
  const auto& tokenizer = sequence.model().tokenizer();
  const auto encode = [&](std::string_view part) { return sequence.size() == 0 ? tokenizer.encode_prompt(part) : tokenizer.encode(part); };
  const auto tokens = encode(text);
  std::size_t vocab = static_cast<std::size_t>(sequence.model().vocab_size());
  if constexpr (requires { tokenizer.size(); }) vocab = std::min<std::size_t>(vocab, tokenizer.size());
  const auto last = detail::tokens_on(tokenizer, vocab, text);
  auto cuts = detail::cuts_of(text, tokens, tokenizer, last, encode);
  std::erase_if(cuts, [&](const detail::Cut& cut) { return sequence.size() + cut.tokens.size() == 0; });
  if (cuts.empty()) fail(ErrorKind::argument, "no token stands before the text to be healed: begin with BOS, or with a longer text");

  // what all cuts have in common is run once
  const std::span<const Token> first = cuts.front().tokens;
  std::size_t common = first.size();
  for (const auto& cut : cuts) common = detail::common_prefix(first.first(common), cut.tokens);
  S shared = sequence.fork();
  if (common > 0) shared.append(first.first(common), {.cancel = cancel});

  Covers<S> made;
  std::vector<float> weights;
  for (const auto& cut : cuts) {
    S at = shared.fork();
    double sum = 0;
    for (const Token& t : std::span(cut.tokens).subspan(common)) {
      if (at.size() > 0) sum += static_cast<double>(normaliser(at.logits()).of(at.logits()[static_cast<std::size_t>(t)]));
      at.append(std::span<const Token>(&t, 1), {.cancel = cancel});
    }
    const auto normal = normaliser(at.logits());
    for (const Token t : last[cut.rest]) {
      const double log_prob = sum + static_cast<double>(normal.of(at.logits()[static_cast<std::size_t>(t)]));
      if (log_prob == -HUGE_VAL) continue;
      made.covers.push_back({made.cuts.size(), t, log_prob, std::string_view(tokenizer.bytes(t)).substr(cut.rest)});
      weights.push_back(static_cast<float>(log_prob));
    }
    made.cuts.push_back(std::move(at));
  }
  if (made.covers.empty()) fail(ErrorKind::argument, "the model excludes every way to write the text to be healed");
  const auto all = normaliser(weights);
  for (std::size_t i = 0; i < made.covers.size(); ++i) made.covers[i].log_prob = static_cast<double>(all.of(weights[i]));
  return made;
}

/// The sequence after `text`, whose last token may be one that reaches beyond it: heal(Sequence(model), "see https:"). What it reaches is
/// Healed::beyond; prompt, that, and the text of what is generated then are one text. With greedy = false the next bytes
/// have the distribution that the model gives to texts which begin like this one. Throws as covers().
template <DecodableSequence S>
Healed<S> heal(const S& sequence, std::string_view text, const HealOptions& options = {}) {
  auto ways = covers(sequence, text, options.cancel);
  std::vector<float> weights;
  for (const auto& c : ways.covers) weights.push_back(static_cast<float>(c.log_prob));
  std::size_t chosen = static_cast<std::size_t>(std::max_element(weights.begin(), weights.end()) - weights.begin());
  if (!options.greedy) {
    constexpr std::size_t index = 1 << 20;  // of an address that no other draw has
    detail::Lottery lottery;
    lottery.fill(weights);
    chosen = static_cast<std::size_t>(lottery.draw(detail::draw_at(options.seed, options.branch, sequence.size(), index)).id);
  }
  const auto& won = ways.covers[chosen];
  Healed<S> healed{std::move(ways.cuts[won.cut]), std::string(won.beyond), won.log_prob};
  healed.sequence.append(std::span<const Token>(&won.last, 1), {.cancel = options.cancel});
  return healed;
}

}  // namespace weft
