// A text is cut at added tokens, then into words, then each word is merged.
#pragma once

#include <algorithm>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/text/added_tokens.hpp"
#include "weft/text/bpe.hpp"
#include "weft/text/pretokenizer.hpp"
#include "weft/text/tokenizer.hpp"

namespace weft {

struct Tokenizer::Data {
  explicit Data(Vocabulary source)
      : vocabulary(std::move(source)), family(family_of(vocabulary)), words(family.patterns), bpe(vocabulary, family.whole_words) {
    for (const auto& id : {vocabulary.bos, vocabulary.eos, vocabulary.eot, vocabulary.eom, vocabulary.unknown, vocabulary.pad})
      if (id) check(*id);
    for (const Token id : vocabulary.end_tokens) check(id);
    std::sort(vocabulary.end_tokens.begin(), vocabulary.end_tokens.end());
    std::vector<std::pair<std::string_view, Token>> always, all;
    for (std::size_t i = 0; i < vocabulary.types.size(); ++i) {
      const TokenType type = vocabulary.types[i];
      const std::pair<std::string_view, Token> entry{vocabulary.tokens[i], static_cast<Token>(i)};
      if (type == TokenType::user_defined) always.push_back(entry);
      if (type == TokenType::user_defined || control(type)) all.push_back(entry);
    }
    user_defined = detail::AddedTokens(always);
    added = detail::AddedTokens(all);
  }
  Data(const Data&) = delete;
  Data& operator=(const Data&) = delete;

  static const PreTokenizerFamily& family_of(const Vocabulary& vocabulary) {
    if (vocabulary.model != "gpt2")
      fail(ErrorKind::unsupported, "tokenizer: model '", vocabulary.model, "' is not supported; supported: gpt2 (byte-level BPE)");
    const auto* family = find_pre_tokenizer(vocabulary.pre);
    if (family == nullptr)
      fail(ErrorKind::unsupported, "tokenizer: unknown pre-tokeniser '", vocabulary.pre, "'; supported: ", pre_tokenizer_names());
    return *family;
  }

  static bool control(TokenType type) noexcept { return type == TokenType::control || type == TokenType::unknown; }

  void check(Token id) const {
    if (id < 0 || static_cast<std::size_t>(id) >= bpe.tokens().size())
      fail(ErrorKind::argument, "token ", id, " is outside the vocabulary of ", bpe.tokens().size());
  }

  void encode(std::string_view text, const detail::AddedTokens& whole, std::vector<Token>& out) const {
    out.reserve(out.size() + text.size() / 4 + 4);
    PieceScanner scanner(words);
    BpeScratch scratch;
    const auto encode_words = [&](std::string_view part) {
      scanner.reset(part);
      for (std::string_view piece; scanner.next(piece);) bpe.encode(piece, out, scratch);
    };
    std::size_t done = 0;
    for (const auto& found : whole.find(text)) {
      if (found.begin > done) encode_words(text.substr(done, found.begin - done));
      out.push_back(found.id);
      done = found.begin + found.length;
    }
    if (done < text.size()) encode_words(text.substr(done));
  }

  Vocabulary vocabulary;
  const PreTokenizerFamily& family;
  PreTokenizer words;
  Bpe bpe;
  detail::AddedTokens user_defined;  // found in every text
  detail::AddedTokens added;         // these, control tokens and the unknown token
};

WEFT_INLINE Tokenizer::Tokenizer(Vocabulary vocabulary) : data_(std::make_shared<const Data>(std::move(vocabulary))) {}

WEFT_INLINE std::vector<Token> Tokenizer::encode(std::string_view text) const {
  std::vector<Token> tokens;
  data_->encode(text, data_->user_defined, tokens);
  return tokens;
}

WEFT_INLINE std::vector<Token> Tokenizer::encode_with_control(std::string_view text) const {
  std::vector<Token> tokens;
  data_->encode(text, data_->added, tokens);
  return tokens;
}

WEFT_INLINE std::vector<Token> Tokenizer::encode_marked(std::string_view text, std::span<const ByteRange> trusted) const {
  std::vector<Token> tokens;
  std::size_t done = 0, last = 0;
  for (const ByteRange& range : trusted) {
    if (range.begin < last || range.end < range.begin || range.end > text.size())
      fail(ErrorKind::argument, "the range [", range.begin, ", ", range.end, ") of a text of ", text.size(), " bytes; expected sorted ranges inside of it");
    last = range.end;
    // Each range is searched alone: what a user typed beside it takes no part, neither as a token nor by hiding one.
    for (const auto& found : data_->added.find(text.substr(range.begin, range.end - range.begin))) {
      if (!is_control(found.id)) continue;
      const std::size_t begin = range.begin + found.begin;
      if (begin > done) data_->encode(text.substr(done, begin - done), data_->user_defined, tokens);
      tokens.push_back(found.id);
      done = begin + found.length;
    }
  }
  if (done < text.size()) data_->encode(text.substr(done), data_->user_defined, tokens);
  return tokens;
}

WEFT_INLINE std::vector<Token> Tokenizer::encode_prompt(std::string_view text) const {
  const Vocabulary& vocabulary = data_->vocabulary;
  std::vector<Token> tokens;
  if (vocabulary.add_bos && vocabulary.bos) tokens.push_back(*vocabulary.bos);
  data_->encode(text, data_->user_defined, tokens);
  if (vocabulary.add_eos && vocabulary.eos) tokens.push_back(*vocabulary.eos);
  return tokens;
}

WEFT_INLINE std::string Tokenizer::decode(std::span<const Token> tokens, InvalidUtf8 invalid) const {
  std::string raw;
  for (const Token id : tokens)
    if (!is_control(id)) raw.append(bytes(id));
  if (invalid == InvalidUtf8::keep || is_utf8(raw)) return raw;
  std::string text;
  append_valid_utf8(text, raw);
  return text;
}

WEFT_INLINE std::string_view Tokenizer::bytes(Token id) const {
  data_->check(id);
  return data_->bpe.tokens().bytes(id);
}

WEFT_INLINE bool Tokenizer::is_control(Token id) const {
  data_->check(id);
  const auto& types = data_->vocabulary.types;
  return !types.empty() && Data::control(types[static_cast<std::size_t>(id)]);
}

WEFT_INLINE std::size_t Tokenizer::size() const noexcept { return data_->bpe.tokens().size(); }
WEFT_INLINE std::span<const Token> Tokenizer::end_tokens() const noexcept { return data_->vocabulary.end_tokens; }
WEFT_INLINE bool Tokenizer::is_end(Token id) const noexcept {
  const auto& ends = data_->vocabulary.end_tokens;
  return std::binary_search(ends.begin(), ends.end(), id);
}
WEFT_INLINE const Vocabulary& Tokenizer::vocabulary() const noexcept { return data_->vocabulary; }

}  // namespace weft
