// A Tokenizer is a shared pointer to its family.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <utility>

#include "weft/core/error.hpp"
#include "weft/core/thread_pool.hpp"
#include "weft/text/byte_level_tokenizer.hpp"
#include "weft/text/character_bpe.hpp"
#include "weft/text/plamo2_tokenizer.hpp"
#include "weft/text/pretokenizer.hpp"
#include "weft/text/sentencepiece_bpe.hpp"
#include "weft/text/tokenizer.hpp"
#include "weft/text/tokenizer_family.hpp"
#include "weft/text/trie_tokenizer.hpp"
#include "weft/text/unigram_tokenizer.hpp"
#include "weft/text/wordpiece_tokenizer.hpp"

namespace weft {
namespace detail {

inline std::shared_ptr<const TokenizerFamily> make_bpe_family(Vocabulary vocabulary) {
  if (!vocabulary.pattern.empty() && vocabulary.model == "gpt2") {
    const std::string text = vocabulary.pattern;
    const std::string_view pattern = text;
    const bool ranked = vocabulary.merge_by_id;
    return std::make_shared<ByteLevelTokenizer>(std::move(vocabulary), PreTokenizerFamily{.name = "", .aliases = {}, .patterns = {&pattern, 1}, .whole_words = ranked});
  }
  const auto* family = find_pre_tokenizer(vocabulary.model == "gemma4" ? "gemma4" : vocabulary.pre);
  if (family == nullptr)
    fail(ErrorKind::unsupported, "tokenizer: unknown pre-tokeniser '", vocabulary.pre, "'; supported: ", pre_tokenizer_names());
  if (family->alphabet == WordAlphabet::bytes && (vocabulary.model == "gpt2" || vocabulary.model == "hybriddna")) return std::make_shared<ByteLevelTokenizer>(std::move(vocabulary), *family);
  return std::make_shared<CharacterBpe>(std::move(vocabulary), *family);
}

inline std::shared_ptr<const TokenizerFamily> make_tokenizer_family(Vocabulary vocabulary) {
  const std::string_view model = vocabulary.model;
  if (model == "gpt2" || model == "gemma4" || model == "whitespace" || model == "hybriddna") return make_bpe_family(std::move(vocabulary));
  if (model == "llama") return std::make_shared<SentencePieceBpe>(std::move(vocabulary));
  if (model == "t5") return std::make_shared<UnigramTokenizer>(std::move(vocabulary));
  if (model == "bert") return std::make_shared<WordPieceTokenizer>(std::move(vocabulary));
  if (model == "rwkv") return std::make_shared<TrieTokenizer>(std::move(vocabulary));
  if (model == "plamo2") return std::make_shared<Plamo2Tokenizer>(std::move(vocabulary));
  fail(ErrorKind::unsupported, "tokenizer: model '", model, "' is not supported; supported: ", vocabulary_models);
}

/// A control token and its place in a text.
struct FoundControl {
  Token id;
  std::size_t begin, end;
  friend bool operator==(const FoundControl&, const FoundControl&) = default;
};
inline void add_controls(const TokenizerFamily& family, std::span<const Token> tokens, std::span<const TextRange> places, std::size_t offset,
                         std::vector<FoundControl>& found) {
  const auto& types = family.vocabulary().types;
  for (std::size_t i = 0; i < tokens.size() && !types.empty(); ++i)
    if (types[static_cast<std::size_t>(tokens[i])] == TokenType::control) found.push_back({tokens[i], offset + places[i].begin, offset + places[i].end});
}

}  // namespace detail

WEFT_INLINE Tokenizer::Tokenizer(Vocabulary vocabulary) : family_(detail::make_tokenizer_family(std::move(vocabulary))) {}
WEFT_INLINE Tokenizer::Tokenizer(std::shared_ptr<const detail::TokenizerFamily> family) : family_(std::move(family)) {}

WEFT_INLINE std::vector<Token> Tokenizer::encode(std::string_view text) const {
  std::vector<Token> tokens;
  family_->encode(text, false, tokens, nullptr);
  return tokens;
}

WEFT_INLINE std::vector<Token> Tokenizer::encode_with_control(std::string_view text) const {
  std::vector<Token> tokens;
  family_->encode(text, true, tokens, nullptr);
  return tokens;
}

WEFT_INLINE std::vector<Token> Tokenizer::encode_marked(std::string_view text, std::span<const ByteRange> trusted) const {
  std::vector<Token> tokens;
  std::vector<TextRange> places;
  std::vector<detail::FoundControl> wanted, found;
  std::size_t last = 0;
  for (const ByteRange& range : trusted) {
    if (range.begin < last || range.end < range.begin || range.end > text.size())
      fail(ErrorKind::argument, "the range [", range.begin, ", ", range.end, ") of a text of ", text.size(), " bytes; expected sorted ranges inside of it");
    last = range.end;
    // Each range is searched alone: what a user typed beside it takes no part, neither as a token nor by hiding one.
    tokens.clear(), places.clear();
    family_->encode(text.substr(range.begin, range.end - range.begin), true, tokens, &places);
    detail::add_controls(*family_, tokens, places, range.begin, wanted);
  }
  tokens.clear(), places.clear();
  family_->encode(text, true, tokens, &places);
  detail::add_controls(*family_, tokens, places, 0, found);
  if (found == wanted) return tokens;
  tokens.clear();
  std::size_t done = 0;
  for (const auto& control : wanted) {
    if (control.begin > done) family_->encode(text.substr(done, control.begin - done), false, tokens, nullptr);
    tokens.push_back(control.id);
    done = control.end;
  }
  if (done < text.size()) family_->encode(text.substr(done), false, tokens, nullptr);
  return tokens;
}

WEFT_INLINE std::vector<Token> Tokenizer::encode_prompt(std::string_view text) const {
  std::vector<Token> tokens;
  family_->encode_prompt(text, false, tokens);
  return tokens;
}

WEFT_INLINE std::vector<std::vector<Token>> Tokenizer::encode_all(std::span<const std::string_view> texts, ThreadPool& pool, const EncodeOptions& options) const {
  std::vector<std::vector<Token>> out(texts.size());
  std::vector<std::exception_ptr> errors(texts.size());
  std::atomic<std::size_t> next = 0;
  pool.run([&](Team&) {
    for (std::size_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < texts.size();) {
      try {
        if (options.add_special)
          family_->encode_prompt(texts[i], options.control, out[i]);
        else
          family_->encode(texts[i], options.control, out[i], nullptr);
      } catch (...) {
        errors[i] = std::current_exception();
      }
    }
  });
  for (const auto& error : errors)
    if (error) std::rethrow_exception(error);
  return out;
}

WEFT_INLINE std::vector<std::vector<Token>> Tokenizer::encode_all(std::span<const std::string_view> texts, const EncodeOptions& options) const {
  return encode_all(texts, *ThreadPool::shared(), options);
}

WEFT_INLINE Encoding Tokenizer::encoding(std::string_view text, const EncodeOptions& options) const { return family_->encoding(text, nullptr, options); }

WEFT_INLINE Encoding Tokenizer::encoding(std::string_view text, std::string_view pair, const EncodeOptions& options) const {
  return family_->encoding(text, &pair, options);
}

WEFT_INLINE std::string Tokenizer::decode_tokens(std::span<const Token> tokens, bool control, InvalidUtf8 invalid) const {
  detail::DecodeState state;
  std::string raw;
  for (const Token id : tokens) {
    check(id);
    if (control || !family_->is_left_out(id)) family_->decode(id, state, invalid, raw);
  }
  family_->finish(state, invalid, raw);
  if (invalid == InvalidUtf8::keep || is_utf8(raw)) return raw;
  std::string text;
  append_valid_utf8(text, raw);
  return text;
}

WEFT_INLINE std::string Tokenizer::decode(std::span<const Token> tokens, InvalidUtf8 invalid) const { return decode_tokens(tokens, false, invalid); }

WEFT_INLINE std::string Tokenizer::decode_with_control(std::span<const Token> tokens, InvalidUtf8 invalid) const {
  return decode_tokens(tokens, true, invalid);
}

WEFT_INLINE void Tokenizer::check(Token id) const {
  if (id < 0 || static_cast<std::size_t>(id) >= size()) fail(ErrorKind::argument, "token ", id, " is outside the vocabulary of ", size());
}

WEFT_INLINE std::string_view Tokenizer::bytes(Token id) const {
  check(id);
  return family_->bytes(id);
}

WEFT_INLINE bool Tokenizer::is_control(Token id) const {
  check(id);
  return family_->is_control(id);
}

WEFT_INLINE std::size_t Tokenizer::size() const noexcept { return vocabulary().tokens.size(); }
WEFT_INLINE std::span<const Token> Tokenizer::end_tokens() const noexcept { return vocabulary().end_tokens; }
WEFT_INLINE bool Tokenizer::is_end(Token id) const noexcept {
  const auto& ends = vocabulary().end_tokens;
  return std::binary_search(ends.begin(), ends.end(), id);
}
WEFT_INLINE const Vocabulary& Tokenizer::vocabulary() const noexcept { return family_->vocabulary(); }

}  // namespace weft
